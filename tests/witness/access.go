package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	corev1 "k8s.io/api/core/v1"
)

// inbound is a query about access.
type inbound struct {
	From peer
	IP   string
	To   struct {
		Namespace, Pod string
		Port           int
	}
	Traffic traffic
}

// authorize lets a pod's sidecar decide about traffic.
func (c *cluster) authorize(asked *inbound) (string, error) {
	pod := c.world.pods[key{asked.To.Namespace, asked.To.Pod}]
	if pod == nil {
		return "", unknown("the pod %s/%s, which does not exist", asked.To.Namespace, asked.To.Pod)
	}
	captured, err := captures(pod, asked.To.Port)
	if err != nil {
		return "", err
	}
	if !captured || asked.Traffic.kind == udp {
		return "allow", nil
	}
	server, err := c.server(pod)
	if err != nil {
		return "", err
	}
	reply, err := c.call(&call{
		socket: server.socket, source: asked.IP, address: pod.Status.PodIP, port: asked.To.Port, traffic: &asked.Traffic,
		peer: &asked.From, trustDomain: c.istiod.trustDomain(),
	})
	switch {
	case err != nil:
		return "", err
	case reply.passes:
		return "allow", nil
	default:
		return "deny", nil
	}
}

// server returns the inbound part of a pod's sidecar.
func (c *cluster) server(pod *corev1.Pod) (*sidecar, error) {
	server := c.servers[keyOf(pod)]
	if server == nil {
		proxy := c.istiod.proxy(pod.Namespace, pod.Name, pod.Status.PodIP, pod.Spec.ServiceAccountName,
			c.world.clusterDomain, pod.Labels)
		all := c.istiod.Listeners(proxy)
		index := slices.IndexFunc(all, func(one *listener.Listener) bool { return one.Name == "virtualInbound" })
		if index < 0 {
			return nil, fmt.Errorf("istiod makes no inbound listener for %v", keyOf(pod))
		}
		own := spiffe(c.istiod.trustDomain(), pod.Namespace, pod.Spec.ServiceAccountName)
		certificate, err := c.mesh.authority.certificate(own, "")
		if err != nil {
			return nil, err
		}
		read, err := files(certificate)
		if err != nil {
			return nil, err
		}
		server = &sidecar{socket: c.mesh.socket()}
		inner, err := (&adapter{certificate: read}).listener(all[index], server.socket)
		if err != nil {
			return nil, err
		}
		reasons, err := c.load([]*listener.Listener{inner})
		if err != nil {
			return nil, err
		}
		server.refusal = reasons[server.socket]
		c.servers[keyOf(pod)] = server
	}
	return server, server.usable()
}

// captures tells if a pod has a sidecar that captures connections to a port. Rules of the pod's network decide that,
// neither istiod nor Envoy.
func captures(pod *corev1.Pod, port int) (bool, error) {
	const capture = "traffic.sidecar.istio.io/"
	inject, set := pod.Labels["sidecar.istio.io/inject"]
	if !set {
		inject = pod.Annotations["sidecar.istio.io/inject"]
	}
	switch {
	case inject == "false":
		return false, nil
	case pod.Spec.HostNetwork:
		return false, unknown("a pod in the network of its host")
	case port >= 15000 && port < 15100:
		return false, unknown("port %d, which may belong to the sidecar", port)
	}
	if include, set := pod.Annotations[capture+"includeInboundPorts"]; set && include != "*" {
		return lists(include, port), nil
	}
	return !lists(pod.Annotations[capture+"excludeInboundPorts"], port), nil
}

func lists(ports string, port int) bool {
	return slices.ContainsFunc(strings.Split(ports, ","), func(one string) bool {
		return strings.TrimSpace(one) == strconv.Itoa(port)
	})
}
