#!/usr/bin/env python3
"""An adapter for a toy mesh, and that mesh: the other side of smi-conformance/src/process/PROTOCOL.md.

The mesh does not look into connections. Its only kind says, for a host, who shares the connections to each port of it:

    {host: web.shop.svc.cluster.local, ports: [{port: 80, destinations: [{service: web-v1, weight: 9}, ...]}]}

The adapter writes one for a split without matches that is the only such one of its root. It refuses all else, and tells
the author: then everything works as if that were not there. `T20` and the like are rules of the library.
"""
import json
import sys
from collections import Counter

API, KIND = "mesh.example.com/v1", "TrafficTable"
SMI = "TrafficSplit", "TrafficTarget", "HTTPRouteGroup", "TCPRoute", "UDPRoute", "IdentityBinding"
BROKEN = sys.argv[1:] == ["--break", "weights"]  # for a test: the judge has to find it out


class Refused(Exception):
    """The code and the words of a diagnostic."""


def describe(_):
    splits = {"partial": "splits without matches, one for a root, of whole weights that add up to less than 2^32"}
    support = {"HttpSplit": splits, "TcpSplit": splits, "ConditionalSplit": {"none": "it does not look into requests"}}
    for feature in "DenyByDefault", "TcpAccess", "HttpAccess", "UdpAccess":
        support[feature] = {"none": "the mesh has no access control"}
    kinds = [{"apiVersion": API, "kind": KIND, "plural": "traffictables"}]
    return {"protocol": 1, "name": "toy", "kinds": kinds, "support": support}


def key(it):
    return it.get("kind"), it["metadata"].get("namespace", "default"), it["metadata"].get("name")


def named(it):
    return dict(zip(("kind", "namespace", "name"), key(it)))


def root_of(split, domain):
    """The service that is split (T3). None, if it is in another namespace, or the split has matches (T12)."""
    namespace, spec = key(split)[1], split.get("spec") or {}
    root = str(spec.get("service")).split(".")[0]
    forms = root, f"{root}.{namespace}", f"{root}.{namespace}.svc", f"{root}.{namespace}.svc.{domain}"
    return ("Service", namespace, root) if spec.get("service") in forms and not spec.get("matches") else None


def tcp_ports(service):
    """The TCP ports of a Service. None, if it is as absent (T5)."""
    spec = service.get("spec") or {}
    ports = spec.get("ports") or []
    if spec.get("type") == "ExternalName" or not isinstance(ports, list):
        return None
    return {it["port"] for it in ports if it.get("protocol") in (None, "", "TCP") and 0 < it["port"] < 65536}


def shares(split, root, services, say):
    """Who shares each port of the root: {port: {service: weight}}."""
    weights, ports, backends = Counter(), services.get(root), split["spec"].get("backends")
    if not ports or not isinstance(backends, list):  # T31, T40
        raise Refused("Inexpressible", "the split has no backends, or its root is no service with TCP ports")
    for backend in backends:
        if not str(backend.get("weight")).isdecimal():
            raise Refused("Inexpressible", "every weight has to be a whole number")
        weights[str(backend.get("service"))] += 1 if BROKEN else int(backend["weight"])  # T30
    if sum(weights.values()) >= 2**32:
        raise Refused("Inexpressible", "the weights add up to 2^32 or more")
    theirs = {name: services.get((*root[:2], name)) for name in +weights}  # T9
    for name, own in theirs.items():
        if own is None:
            say("BackendMissing", split, f"there is no service `{name}`; the root stands in its place")
        elif ports - own:
            say("PortMismatch", split, f"`{name}` lacks a port of the root")
    table = {}
    for port in sorted(ports):
        here = Counter({name: weights[name] for name, own in theirs.items() if own and port in own})  # T20
        if here:  # T23, T25
            here.update({root[2]: sum(weights[name] for name, own in theirs.items() if own is None)})
            table[port] = +here
    if not table:  # T10
        raise Refused("NoUsableBackend", "no backend can get any traffic")
    return table


def manifest(split, root, table, domain):
    _, namespace, name = root
    ports = [{"port": port, "destinations": [{"service": it, "weight": here[it]} for it in sorted(here)]}
             for port, here in table.items()]
    owner = {"apiVersion": split["apiVersion"], **{it: split["metadata"].get(it, "") for it in ("name", "uid")}}
    metadata = {"namespace": namespace, "name": name, "ownerReferences": [{"kind": "TrafficSplit", **owner}]}
    spec = {"host": f"{name}.{namespace}.svc.{domain}", "ports": ports}
    return {"policy": f"route/{namespace}/{name}", "stage": "route", "sources": [named(split)],
            "object": {"apiVersion": API, "kind": KIND, "metadata": metadata, "spec": spec}}


def translate(request):
    scope, domain = request["settings"]["namespaces"], request["settings"]["clusterDomain"]
    objects = [it for it in request["objects"] if scope is None or key(it)[1] in scope]
    times, manifests, diagnostics = Counter(map(key, objects)), [], []
    services = {key(it): tcp_ports(it) for it in objects if it["kind"] == "Service" and times[key(it)] == 1}  # I1
    rivals = Counter(root_of(it, domain) for it in objects if it["kind"] == "TrafficSplit")

    def say(code, about, message):
        diagnostics.append({"code": code, "object": named(about), "message": message})

    for it in objects:
        try:
            root = root_of(it, domain) if it["kind"] == "TrafficSplit" else None
            if root and rivals[root] == 1 == times[key(it)]:
                manifests.append(manifest(it, root, shares(it, root, services, say), domain))
            elif it["kind"] in SMI:  # T29, and what this mesh does not know
                raise Refused("Inexpressible", "this mesh has one split for a root, no matches and no access control")
        except Refused as refused:
            say(refused.args[0], it, refused.args[1])
    for name in request["enforced"]:
        say("NotEnforced", {"kind": "Namespace", "metadata": {"name": name}}, "the mesh has no access control")
    return {"manifests": manifests, "diagnostics": diagnostics}


def route(request):
    to, traffic = request["query"]["to"], request["query"]["traffic"]
    host = f"{to['service']}.{to['namespace']}.svc.{request['world']['clusterDomain']}"
    tables = [it["spec"]["ports"] for it in request["objects"] if it["spec"]["host"] == host and traffic != "udp"]
    found = [entry["destinations"] for table in tables for entry in table if entry["port"] == to["port"]]
    destinations = found[0] if found else [{"service": to["service"], "weight": 1}]
    return {"shares": [{"to": {**to, "service": it["service"]}, "weight": it["weight"]} for it in destinations]}


ANSWERS = {"describe": describe, "translate": translate, "route": route}
for line in sys.stdin:
    try:
        asked = json.loads(line)
        answer = ANSWERS[asked["request"]](asked)
    except Exception as error:  # then the judge shows the smallest input for which it happens
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
