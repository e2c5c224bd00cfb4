package main

import (
	"fmt"
	"strings"

	cluster3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
)

const originalDestination = cluster3.Cluster_ORIGINAL_DST

// sidecar is a listener of a sidecar in Envoy.
type sidecar struct {
	// socket is the loopback address of the listener, and its name.
	socket string
	// refusal is the reason why Envoy refuses the listener.
	refusal string
}

// port is the port of every listener. Their addresses differ, and other witnesses have another port.
var port int

func (s *sidecar) usable() error {
	if s.refusal != "" {
		return unknown("refused by Envoy: %s", s.refusal)
	}
	return nil
}

// clientAddress is the address of every client.
const clientAddress = "10.3.0.1"

// client is the outbound part of the sidecar of clients in a namespace.
type client struct {
	adapter  *adapter
	clusters map[string]cluster3.Cluster_DiscoveryType
	// listeners are those of the client by the address on which they would listen, such as `0.0.0.0:80`.
	listeners map[string]*sidecar
}

// client returns the outbound part of the sidecar of clients in a namespace.
func (c *cluster) client(namespace string) (*client, error) {
	if known := c.clients[namespace]; known != nil {
		return known, nil
	}
	proxy := c.istiod.proxy(namespace, "client", clientAddress, "client", c.world.clusterDomain, nil)
	listeners := c.istiod.Listeners(proxy)
	made := &client{
		adapter:   &adapter{outbound: true, routes: map[string]*route.RouteConfiguration{}},
		clusters:  map[string]cluster3.Cluster_DiscoveryType{},
		listeners: map[string]*sidecar{},
	}
	for _, one := range c.istiod.RoutesFromListeners(proxy, listeners) {
		made.adapter.routes[one.Name] = one
	}
	for _, one := range c.istiod.Clusters(proxy) {
		made.clusters[one.Name] = one.GetType()
	}
	var adapted []*listener.Listener
	for _, one := range listeners {
		if strings.HasPrefix(one.Name, "virtual") {
			continue
		}
		socket := c.mesh.socket()
		inner, err := made.adapter.listener(one, socket)
		if err != nil {
			return nil, err
		}
		adapted = append(adapted, inner)
		side := &sidecar{socket: socket}
		for _, address := range addresses(one) {
			made.listeners[address] = side
		}
		whole, err := unmarked(one, inner, c.mesh.socket())
		if err != nil {
			return nil, err
		}
		if whole != nil {
			adapted = append(adapted, whole)
		}
	}
	reasons, err := c.load(adapted)
	if err != nil {
		return nil, err
	}
	for _, side := range made.listeners {
		side.refusal = reasons[side.socket]
		if side.refusal == "" {
			side.refusal = reasons[side.socket+copied]
		}
	}
	c.clients[namespace] = made
	return made, nil
}

// at returns the listener that accepts a connection, as Envoy's listener for everything hands it on: by address and
// port, or else by the port alone. `nil` stands for that listener itself, which passes the connection on as it is.
func (c *client) at(address string, port int) *sidecar {
	if exact := c.listeners[fmt.Sprintf("%s:%d", address, port)]; exact != nil {
		return exact
	}
	return c.listeners[fmt.Sprintf("0.0.0.0:%d", port)]
}

func addresses(one *listener.Listener) []string {
	text := func(address *core.Address) string {
		socket := address.GetSocketAddress()
		return fmt.Sprintf("%s:%d", socket.GetAddress(), socket.GetPortValue())
	}
	all := []string{text(one.Address)}
	for _, more := range one.AdditionalAddresses {
		all = append(all, text(more.Address))
	}
	return all
}
