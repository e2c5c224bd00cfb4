package main

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// query is a query about routing.
type query struct {
	From *account
	To   struct {
		Namespace, Service string
		Port               int
	}
	Traffic traffic
}

// share is a share of traffic: `to` is a port of a service, or what a proxy does instead.
type share struct {
	To     any    `json:"to"`
	Weight uint64 `json:"weight"`
}

func all(to any) []share { return []share{{to, 1}} }

func (c *cluster) route(asked *query) ([]share, error) {
	called := c.world.services[key{asked.To.Namespace, asked.To.Service}]
	if called == nil || asked.From == nil {
		return all("nowhere"), nil
	}
	if asked.Traffic.kind == udp {
		return c.original(called, asked.To.Port, true), nil
	}
	called = c.world.concrete(called)
	if called == nil {
		return nil, unknown("a call to an ExternalName service of an outside host, which depends on DNS")
	}
	client, err := c.client(asked.From.Namespace)
	if err != nil {
		return nil, err
	}
	address := called.Spec.ClusterIP
	if address == corev1.ClusterIPNone {
		pods := c.world.selected(called)
		if len(pods) == 0 {
			return nil, unknown("a headless service without pods")
		}
		address = pods[0].Status.PodIP
	}
	outer := client.at(address, asked.To.Port)
	if outer == nil {
		return c.original(called, asked.To.Port, false), nil
	}
	if err := outer.usable(); err != nil {
		return nil, err
	}
	reply, err := c.call(&call{
		socket: outer.socket, source: clientAddress, address: address, port: asked.To.Port, traffic: &asked.Traffic,
	})
	switch {
	case err != nil:
		return nil, err
	case reply.marker >= 0:
		return c.shares(client, client.adapter.markers[reply.marker], called, asked.To.Port)
	case reply.status != 0:
		return all(map[string]int{"status": reply.status}), nil
	default:
		return all("failure"), nil
	}
}

// concrete follows ExternalName services like DNS does, to the service for which Istio has listeners. It returns `nil` if
// they lead outside or nowhere.
func (w *world) concrete(called *corev1.Service) *corev1.Service {
	for range w.services {
		if called == nil || called.Spec.Type != corev1.ServiceTypeExternalName {
			return called
		}
		name, namespace, _ := w.inside(called.Spec.ExternalName)
		called = w.services[key{namespace, name}]
	}
	return nil
}

// original returns the original destination, which the client called.
func (c *cluster) original(called *corev1.Service, port int, udp bool) []share {
	if !hasPort(called, port, udp) {
		return all("nowhere")
	}
	return all(to(called, port))
}

func to(service *corev1.Service, port int) map[string]any {
	return map[string]any{"namespace": service.Namespace, "service": service.Name, "port": port}
}

// inside reads the name and namespace out of the name of a host, if it is one of a service.
func (w *world) inside(host string) (name, namespace string, inside bool) {
	short, inside := strings.CutSuffix(host, ".svc."+w.clusterDomain)
	name, namespace, dotted := strings.Cut(short, ".")
	return name, namespace, inside && dotted
}

// shares says where the clusters of a route lead.
func (c *cluster) shares(client *client, marked marker, called *corev1.Service, port int) ([]share, error) {
	var shares []share
	for _, one := range marked.clusters {
		if one.name == "PassthroughCluster" {
			passed := c.original(called, port, false)
			shares = append(shares, share{passed[0].To, one.weight})
			continue
		}
		parts := strings.Split(one.name, "|")
		kind, exists := client.clusters[one.name]
		if len(parts) != 4 || parts[2] != "" {
			return nil, unknown("the cluster %s", one.name)
		}
		if !exists {
			failure := any("failure")
			if marked.http {
				failure = map[string]int{"status": 503}
			}
			shares = append(shares, share{failure, one.weight})
			continue
		}
		name, namespace, inside := c.world.inside(parts[3])
		service := c.world.services[key{namespace, name}]
		number, err := strconv.Atoi(parts[1])
		if !inside || service == nil || err != nil {
			return nil, unknown("the cluster %s", one.name)
		}
		if kind == originalDestination && (service != called || number != port) {
			return nil, unknown("the headless service %s/%s as a destination", namespace, name)
		}
		shares = append(shares, share{to(service, number), one.weight})
	}
	return shares, nil
}
