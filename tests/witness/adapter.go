package main

import (
	"fmt"
	"slices"
	"strings"

	xds "github.com/cncf/xds/go/udpa/type/v1"
	accesslog "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	httpinspector "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/http_inspector/v3"
	proxyprotocol "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/proxy_protocol/v3"
	direct "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/direct_response/v3"
	echo "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/echo/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcp "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	tls "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// marker stands for the destinations of a route. A reply of Envoy contains its number.
type marker struct {
	clusters []weighted
	http     bool
}

type weighted struct {
	name   string
	weight uint64
}

// adapter makes listeners that istiod generated usable on loopback addresses. What decides stays as it is: how chains,
// routes and policies match. Upstreams become replies that tell what was decided.
type adapter struct {
	outbound bool
	// certificate is that of a server.
	certificate *tls.TlsCertificate
	// routes are the route configurations by name.
	routes  map[string]*route.RouteConfiguration
	markers []marker
}

// dropped are the packages of extensions that only Istio's build of Envoy has. They report, and never decide.
var dropped = []string{"io.istio.", "istio.envoy.", "stats.", "envoy.tcp.metadataexchange."}

func isDropped(config *anypb.Any) bool {
	name := config.GetTypeUrl()
	if wrapped := (&xds.TypedStruct{}); config.MessageIs(wrapped) && config.UnmarshalTo(wrapped) == nil {
		name = wrapped.TypeUrl
	}
	name = strings.TrimPrefix(name, "type.googleapis.com/")
	return slices.ContainsFunc(dropped, func(start string) bool { return strings.HasPrefix(name, start) })
}

// listener returns a listener as it is on a loopback address, which is its name.
func (a *adapter) listener(original *listener.Listener, socket string) (*listener.Listener, error) {
	inner := proto.Clone(original).(*listener.Listener)
	inner.Name = socket
	inner.Address = socketAddress(socket)
	inner.AdditionalAddresses = nil
	inner.BindToPort = nil
	inner.UseOriginalDst = nil
	inner.AccessLog = nil
	inner.ConnectionBalanceConfig = nil
	inner.EnableReusePort = wrapperspb.Bool(false)
	// The client says which address it called, where the kernel would say it.
	called, err := listenerFilter("envoy.filters.listener.proxy_protocol", &proxyprotocol.ProxyProtocol{})
	if err != nil {
		return nil, err
	}
	filters := []*listener.ListenerFilter{called}
	for _, filter := range original.ListenerFilters {
		if strings.HasSuffix(filter.Name, "_inspector") {
			filters = append(filters, filter)
		}
	}
	inner.ListenerFilters = filters
	chains := slices.Clone(inner.FilterChains)
	if inner.DefaultFilterChain != nil {
		chains = append(chains, inner.DefaultFilterChain)
	}
	for _, chain := range chains {
		if err := a.chain(chain); err != nil {
			return nil, err
		}
	}
	return inner, nil
}

func (a *adapter) chain(chain *listener.FilterChain) error {
	var filters []*listener.Filter
	for _, filter := range chain.Filters {
		config := filter.GetTypedConfig()
		var err error
		switch {
		case config.MessageIs(&hcm.HttpConnectionManager{}):
			filter, err = rewritten(filter, &hcm.HttpConnectionManager{}, a.requests)
		case config.MessageIs(&tcp.TcpProxy{}):
			filter, err = a.bytes(config)
		case isDropped(config):
			continue
		}
		if err != nil {
			return err
		}
		filters = append(filters, filter)
	}
	chain.Filters = filters
	if config := chain.TransportSocket.GetTypedConfig(); config.MessageIs(&tls.DownstreamTlsContext{}) {
		context := &tls.DownstreamTlsContext{}
		if err := config.UnmarshalTo(context); err != nil {
			return err
		}
		context.CommonTlsContext.TlsCertificateSdsSecretConfigs = nil
		context.CommonTlsContext.TlsCertificates = []*tls.TlsCertificate{a.certificate}
		// The root of trust comes from the bootstrap, by the same name.
		if combined := context.GetCommonTlsContext().GetCombinedValidationContext(); combined != nil {
			combined.GetValidationContextSdsSecretConfig().SdsConfig = nil
		}
		packed, err := anypb.New(context)
		if err != nil {
			return err
		}
		chain.TransportSocket.ConfigType = &core.TransportSocket_TypedConfig{TypedConfig: packed}
	}
	return nil
}

// rewritten returns a filter with a changed configuration.
func rewritten[T proto.Message](original *listener.Filter, config T, change func(T) error) (*listener.Filter, error) {
	if err := original.GetTypedConfig().UnmarshalTo(config); err != nil {
		return nil, err
	}
	if err := change(config); err != nil {
		return nil, err
	}
	return filter(original.Name, config)
}

// requests makes a manager of HTTP tell which route it took, and why it answers by itself. Its routes lead to clusters
// that do not exist here, so it always does.
func (a *adapter) requests(manager *hcm.HttpConnectionManager) error {
	manager.AccessLog, manager.Tracing = nil, nil
	manager.HttpFilters = slices.DeleteFunc(manager.HttpFilters, func(filter *hcm.HttpFilter) bool {
		return isDropped(filter.GetTypedConfig())
	})
	header := func(name, value string) *core.HeaderValueOption {
		return &core.HeaderValueOption{Header: &core.HeaderValue{Key: name, Value: value}}
	}
	manager.LocalReplyConfig = &hcm.LocalReplyConfig{Mappers: []*hcm.ResponseMapper{{
		Filter: &accesslog.AccessLogFilter{FilterSpecifier: &accesslog.AccessLogFilter_StatusCodeFilter{
			StatusCodeFilter: &accesslog.StatusCodeFilter{Comparison: &accesslog.ComparisonFilter{
				Op:    accesslog.ComparisonFilter_GE,
				Value: &core.RuntimeUInt32{DefaultValue: 0, RuntimeKey: "witness"},
			}},
		}},
		HeadersToAdd: []*core.HeaderValueOption{
			header(routeHeader, "%ROUTE_NAME%"), header(detailsHeader, "%RESPONSE_CODE_DETAILS%"),
		},
	}}}
	routes := manager.GetRouteConfig()
	if named := manager.GetRds(); named != nil {
		routes = a.routes[named.RouteConfigName]
		if routes == nil {
			return fmt.Errorf("istiod makes no routes %s", named.RouteConfigName)
		}
		routes = proto.Clone(routes).(*route.RouteConfiguration)
	}
	routes.ValidateClusters = wrapperspb.Bool(false)
	if a.outbound {
		for _, host := range routes.VirtualHosts {
			for _, one := range host.Routes {
				one.Name = fmt.Sprint(len(a.markers))
				a.markers = append(a.markers, marker{clusters: destinations(one.GetRoute()), http: true})
			}
		}
	}
	manager.RouteSpecifier = &hcm.HttpConnectionManager_RouteConfig{RouteConfig: routes}
	return nil
}

// destinations returns the clusters of a route, none if it does something else.
func destinations(action *route.RouteAction) []weighted {
	var all []weighted
	if name := action.GetCluster(); name != "" {
		all = append(all, weighted{name, 1})
	}
	for _, one := range action.GetWeightedClusters().GetClusters() {
		all = append(all, weighted{one.Name, uint64(one.Weight.GetValue())})
	}
	return all
}

// bytes returns what takes the place of a proxy for bytes: a server's sidecar sends them back, a client's one sends the
// number of a marker.
func (a *adapter) bytes(config *anypb.Any) (*listener.Filter, error) {
	var reply proto.Message = &echo.Echo{}
	if a.outbound {
		original := &tcp.TcpProxy{}
		if err := config.UnmarshalTo(original); err != nil {
			return nil, err
		}
		var all []weighted
		if name := original.GetCluster(); name != "" {
			all = append(all, weighted{name, 1})
		}
		for _, one := range original.GetWeightedClusters().GetClusters() {
			all = append(all, weighted{one.Name, uint64(one.Weight)})
		}
		reply = text(fmt.Sprintf("%s%d\n", markerText, len(a.markers)))
		a.markers = append(a.markers, marker{clusters: all})
	}
	return filter("witness", reply)
}

// text returns the configuration of a filter that sends a text.
func text(sent string) *direct.Config {
	return &direct.Config{Response: &core.DataSource{Specifier: &core.DataSource_InlineString{InlineString: sent}}}
}

func filter(name string, config proto.Message) (*listener.Filter, error) {
	packed, err := anypb.New(config)
	return &listener.Filter{Name: name, ConfigType: &listener.Filter_TypedConfig{TypedConfig: packed}}, err
}

func listenerFilter(name string, config proto.Message) (*listener.ListenerFilter, error) {
	packed, err := anypb.New(config)
	return &listener.ListenerFilter{Name: name, ConfigType: &listener.ListenerFilter_TypedConfig{TypedConfig: packed}}, err
}

// inspector returns a listener that sends a text if what it receives is HTTP/1, and nothing otherwise.
func inspector(socket string) (*listener.Listener, error) {
	inspected, err := listenerFilter("envoy.filters.listener.http_inspector", &httpinspector.HttpInspector{})
	if err != nil {
		return nil, err
	}
	yes, err := filter("witness", text(isHTTP))
	if err != nil {
		return nil, err
	}
	no, err := filter("witness", text(""))
	return &listener.Listener{
		Name:            socket,
		Address:         socketAddress(socket),
		ListenerFilters: []*listener.ListenerFilter{inspected},
		FilterChains: []*listener.FilterChain{{
			FilterChainMatch: &listener.FilterChainMatch{ApplicationProtocols: []string{"http/1.0", "http/1.1"}},
			Filters:          []*listener.Filter{yes},
		}},
		DefaultFilterChain: &listener.FilterChain{Filters: []*listener.Filter{no}},
		EnableReusePort:    wrapperspb.Bool(false),
	}, err
}

const copied = " with its proxies of bytes"

// unmarked returns a copy of an adapted listener with the proxies of bytes that it had, so that Envoy judges them. It does
// not listen. If there were none, it returns `nil`.
func unmarked(original, adapted *listener.Listener, socket string) (*listener.Listener, error) {
	whole := &listener.Listener{
		Name: adapted.Name + copied, Address: socketAddress(socket), ListenerFilters: adapted.ListenerFilters,
		BindToPort: wrapperspb.Bool(false), EnableReusePort: adapted.EnableReusePort,
	}
	for _, chain := range original.FilterChains {
		proxies, err := proxiesOnly(chain)
		if err != nil {
			return nil, err
		}
		if proxies != nil {
			whole.FilterChains = append(whole.FilterChains, proxies)
		}
	}
	var err error
	whole.DefaultFilterChain, err = proxiesOnly(original.DefaultFilterChain)
	if whole.FilterChains == nil && whole.DefaultFilterChain == nil {
		return nil, err
	}
	return whole, err
}

func isProxy(filter *listener.Filter) bool { return filter.GetTypedConfig().MessageIs(&tcp.TcpProxy{}) }

// proxiesOnly returns a chain with its proxies of bytes alone, or `nil` if it has none.
func proxiesOnly(chain *listener.FilterChain) (*listener.FilterChain, error) {
	if !slices.ContainsFunc(chain.GetFilters(), isProxy) {
		return nil, nil
	}
	only := proto.Clone(chain).(*listener.FilterChain)
	only.TransportSocket, only.Filters = nil, nil
	for _, original := range chain.Filters {
		if !isProxy(original) {
			continue
		}
		proxy, err := rewritten(original, &tcp.TcpProxy{}, func(config *tcp.TcpProxy) error {
			config.AccessLog = nil
			return nil
		})
		if err != nil {
			return nil, err
		}
		only.Filters = append(only.Filters, proxy)
	}
	return only, nil
}
