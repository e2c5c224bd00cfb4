#!/usr/bin/env python3
"""An adapter for a toy mesh and a model of that mesh, for the protocol in smi-conformance/src/process/PROTOCOL.md.

The mesh does not inspect connections. Its only kind divides the connections to each port of a host among services:

    {host: web.shop.svc.cluster.local, ports: [{port: 80, destinations: [{service: web-v1, weight: 9}, ...]}]}

The adapter writes one such object for a split without matches that is the only split of its root. It rejects and
reports all other objects, which then have no effect. `T20` and the like are rule IDs of the library.
"""
import json
import sys
from collections import Counter

API, KIND = "mesh.example.com/v1", "TrafficTable"
SMI = "TrafficSplit", "TrafficTarget", "HTTPRouteGroup", "TCPRoute", "UDPRoute", "IdentityBinding"
BROKEN = sys.argv[1:] == ["--break", "weights"]  # for a test: the judge must detect it


class Refused(Exception):
    """A rejected object, with the code and the message of its diagnostic."""


def describe(_):
    splits = {"partial": "only one split per root, without matches, with whole weights that add up to less than 2^32"}
    support = {"HttpSplit": splits, "TcpSplit": splits, "ConditionalSplit": {"none": "it does not inspect requests"}}
    for feature in "DenyByDefault", "TcpAccess", "HttpAccess", "UdpAccess":
        support[feature] = {"none": "the mesh has no access control"}
    kinds = [{"apiVersion": API, "kind": KIND, "plural": "traffictables"}]
    return {"protocol": 1, "name": "toy", "kinds": kinds, "support": support}


def key(it):
    name = it["metadata"].get("name")
    return it.get("kind"), it["metadata"].get("namespace", "default"), name if isinstance(name, str) else "?"


def named(it):
    return dict(zip(("kind", "namespace", "name"), key(it)))


def root_of(split, domain):
    """Returns the root service (T3), or None if it is in another namespace or the split has matches (T12)."""
    namespace, spec = key(split)[1], split.get("spec") or {}
    root = str(spec.get("service")).split(".")[0]
    forms = root, f"{root}.{namespace}", f"{root}.{namespace}.svc", f"{root}.{namespace}.svc.{domain}"
    return ("Service", namespace, root) if spec.get("service") in forms and not spec.get("matches") else None


def has_unknown_field(split):
    """Returns True if the split has a field that SMI does not have. It may be a restriction (I8)."""
    spec = split.get("spec") or {}
    known = [(split, {"apiVersion", "kind", "metadata", "spec", "status"}), (spec, {"service", "backends", "matches"})]
    backends = spec.get("backends")
    known += [(it, {"service", "weight"}) for it in backends or [] if isinstance(backends, list)]
    return any(isinstance(it, dict) and it.keys() - fields for it, fields in known)


def tcp_ports(service):
    """Returns the TCP ports of a Service, or None if it counts as absent (T5)."""
    spec = service.get("spec") or {}
    ports = spec.get("ports") or []
    if spec.get("type") == "ExternalName" or not isinstance(ports, list):
        return None
    return {it["port"] for it in ports if it.get("protocol") in (None, "", "TCP") and 0 < it["port"] < 65536}


def shares(split, root, services, report):
    """Returns the shares of each port of the root: {port: {service: weight}}."""
    weights, ports, backends = Counter(), services.get(root), split["spec"].get("backends")
    if has_unknown_field(split):
        raise Refused("Inexpressible", "the split has an unknown field, which may be a restriction")
    if not ports or not isinstance(backends, list):  # T31, T40
        raise Refused("Inexpressible", "the split has no backends, or its root is not a service with TCP ports")
    for backend in backends:
        if not str(backend.get("weight")).isdecimal():
            raise Refused("Inexpressible", "every weight must be a whole number")
        weights[str(backend.get("service"))] += 1 if BROKEN else int(backend["weight"])  # T30
    if sum(weights.values()) >= 2**32:
        raise Refused("Inexpressible", "the weights add up to 2^32 or more")
    exposed = {name: services.get((*root[:2], name)) for name in +weights}  # T9
    for name, own in exposed.items():
        if own is None:
            report("BackendMissing", split, f"there is no service `{name}`; its share goes to the root")
        elif ports - own:
            report("PortMismatch", split, f"`{name}` does not have every port of the root")
    table = {}
    for port in sorted(ports):
        here = Counter({name: weights[name] for name, own in exposed.items() if own and port in own})  # T20
        if here:  # T23, T25
            here.update({root[2]: sum(weights[name] for name, own in exposed.items() if own is None)})
            table[port] = +here
    if not table:  # T10
        raise Refused("NoUsableBackend", "no backend can receive traffic")
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

    def report(code, about, message):
        diagnostics.append({"code": code, "object": named(about), "message": message})

    for it in objects:
        try:
            root = root_of(it, domain) if it["kind"] == "TrafficSplit" else None
            if root and rivals[root] == 1 == times[key(it)]:
                manifests.append(manifest(it, root, shares(it, root, services, report), domain))
            elif it["kind"] in SMI:  # T29, and features that the mesh does not support
                raise Refused("Inexpressible", "the mesh has one split per root, no matches and no access control")
        except Refused as refused:
            report(refused.args[0], it, refused.args[1])
    for name in request["enforced"]:
        report("NotEnforced", {"kind": "Namespace", "metadata": {"name": name}}, "the mesh denies nothing")
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
    except Exception as error:  # the judge shows the smallest input that causes it
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
