package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"
)

const (
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	// patience is how long Envoy may take to start, and to take new listeners.
	patience = 60 * time.Second
)

// envoy is a running Envoy, and the server that it gets its listeners from.
type envoy struct {
	discovery.UnimplementedAggregatedDiscoveryServiceServer
	listeners map[string]*anypb.Any
	version   int
	responses chan *discovery.DiscoveryResponse
	requests  chan *discovery.DiscoveryRequest
	exited    chan error
}

// startEnvoy starts Envoy without listeners.
func startEnvoy(binary, folder string, authority *authority) (*envoy, error) {
	e := &envoy{
		listeners: map[string]*anypb.Any{},
		responses: make(chan *discovery.DiscoveryResponse),
		requests:  make(chan *discovery.DiscoveryRequest),
		exited:    make(chan error, 1),
	}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port = socket.Addr().(*net.TCPAddr).Port
	server := grpc.NewServer(grpc.MaxRecvMsgSize(longest))
	discovery.RegisterAggregatedDiscoveryServiceServer(server, e)
	go server.Serve(socket)
	bootstrap, err := json.Marshal(bootstrap(authority))
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, fmt.Sprintf("envoy-%d.json", os.Getpid()))
	if err := os.WriteFile(file, bootstrap, 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(file)
	command := exec.Command(binary, "--config-path", file, "--concurrency", "1", "--disable-hot-restart",
		"--drain-time-s", "1", "--drain-strategy", "immediate", "--log-level", "critical")
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() { e.exited <- command.Wait() }()
	_, err = e.next()
	return e, err
}

// bootstrap returns the part of the configuration of a sidecar that does not come from istiod's listeners: the runtime
// flags that Istio sets, and the root of trust.
func bootstrap(authority *authority) map[string]any {
	inline := func(text []byte) map[string]any { return map[string]any{"inline_string": string(text)} }
	ads := map[string]any{"resource_api_version": "V3", "ads": map[string]any{}}
	return map[string]any{
		"node": map[string]any{"id": "witness", "cluster": "witness"},
		"dynamic_resources": map[string]any{
			"ads_config": map[string]any{
				"api_type": "GRPC", "transport_api_version": "V3",
				"grpc_services": []any{map[string]any{"envoy_grpc": map[string]any{"cluster_name": "xds"}}},
			},
			"lds_config": ads,
		},
		"static_resources": map[string]any{
			"clusters": []any{map[string]any{
				"name": "xds", "type": "STATIC",
				"typed_extension_protocol_options": map[string]any{
					"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": map[string]any{
						"@type":                "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
						"explicit_http_config": map[string]any{"http2_protocol_options": map[string]any{}},
					},
				},
				"load_assignment": map[string]any{"cluster_name": "xds", "endpoints": []any{map[string]any{
					"lb_endpoints": []any{map[string]any{"endpoint": map[string]any{"address": map[string]any{
						"socket_address": map[string]any{"address": "127.0.0.1", "port_value": port},
					}}}},
				}}},
			}},
			"secrets": []any{
				map[string]any{"name": "ROOTCA", "validation_context": map[string]any{
					"trusted_ca": inline(authority.root),
				}},
			},
		},
		"layered_runtime": map[string]any{"layers": []any{map[string]any{
			"name": "istio", "static_layer": map[string]any{
				"re2.max_program_size.error_level":                         "32768",
				"envoy.reloadable_features.http_reject_path_with_fragment": false,
			},
		}}},
	}
}

// StreamAggregatedResources serves Envoy.
func (e *envoy) StreamAggregatedResources(
	stream discovery.AggregatedDiscoveryService_StreamAggregatedResourcesServer,
) error {
	go func() {
		for response := range e.responses {
			if stream.Send(response) != nil {
				return
			}
		}
	}()
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if request.TypeUrl == listenerType {
			e.requests <- request
		}
	}
}

// next returns the next request of Envoy.
func (e *envoy) next() (*discovery.DiscoveryRequest, error) {
	select {
	case request := <-e.requests:
		return request, nil
	case err := <-e.exited:
		return nil, fmt.Errorf("Envoy ended: %w", errors.Join(err, errors.New("exited")))
	case <-time.After(patience):
		return nil, errors.New("Envoy did not answer in time")
	}
}

// add gives Envoy more listeners. It returns the reason why Envoy refuses any of them, by name.
func (e *envoy) add(added []*listener.Listener) (map[string]string, error) {
	for _, one := range added {
		packed, err := anypb.New(one)
		if err != nil {
			return nil, err
		}
		e.listeners[one.Name] = packed
	}
	return e.push()
}

// remove takes listeners away with the next push.
func (e *envoy) remove(names []string) {
	for _, name := range names {
		delete(e.listeners, name)
	}
}

func (e *envoy) push() (map[string]string, error) {
	e.version++
	version := fmt.Sprint(e.version)
	response := &discovery.DiscoveryResponse{
		VersionInfo: version, Nonce: version, TypeUrl: listenerType,
	}
	for packed := range maps.Values(e.listeners) {
		response.Resources = append(response.Resources, packed)
	}
	e.responses <- response
	for {
		request, err := e.next()
		if err != nil {
			return nil, err
		}
		if request.ResponseNonce == version {
			return e.refused(request.ErrorDetail.GetMessage()), nil
		}
	}
}

// refused reads a message such as `Error adding/updating listener(s) a: reason\nb: reason`, and forgets the listeners.
func (e *envoy) refused(message string) map[string]string {
	reasons := map[string]string{}
	if message == "" {
		return reasons
	}
	for name := range e.listeners {
		if strings.Contains(message, name+":") {
			reasons[name] = message
			delete(e.listeners, name)
		}
	}
	if len(reasons) == 0 {
		panic("Envoy refuses something else: " + message)
	}
	return reasons
}

// socketAddress returns an address of Envoy.
func socketAddress(address string) *core.Address {
	return &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
		Address: address, PortSpecifier: &core.SocketAddress_PortValue{PortValue: uint32(port)},
	}}}
}
