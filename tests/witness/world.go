package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	kubecontroller "istio.io/istio/pilot/pkg/serviceregistry/kube/controller"
)

// key is the namespace and name of an object.
type key struct{ namespace, name string }

func keyOf(object metav1.Object) key { return key{object.GetNamespace(), object.GetName()} }

// world is a cluster apart from its native objects, with the addresses and defaults that an API server and the
// controllers of Kubernetes add.
type world struct {
	services      map[key]*corev1.Service
	pods          map[key]*corev1.Pod
	namespaces    map[string]*corev1.Namespace
	clusterDomain string
	trustDomain   string
	// addresses is the number of addresses given away.
	addresses int
}

func readWorld(text json.RawMessage) (*world, error) {
	var read struct {
		Services      []*corev1.Service
		Pods          []*corev1.Pod
		Namespaces    []*corev1.Namespace
		ClusterDomain string
		TrustDomain   string
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	w := &world{
		services:      map[key]*corev1.Service{},
		pods:          map[key]*corev1.Pod{},
		namespaces:    map[string]*corev1.Namespace{},
		clusterDomain: read.ClusterDomain,
		trustDomain:   read.TrustDomain,
	}
	for _, namespace := range read.Namespaces {
		w.namespaces[namespace.Name] = namespace
	}
	for _, service := range read.Services {
		w.complete(service)
		w.services[keyOf(service)] = service
		w.hasNamespace(service.Namespace)
	}
	for _, pod := range read.Pods {
		if pod.Status.PodIP == "" {
			pod.Status.PodIP = w.address("10.1")
		}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		for _, container := range pod.Spec.Containers {
			for i := range container.Ports {
				orDefault(&container.Ports[i].Protocol, corev1.ProtocolTCP)
			}
		}
		w.pods[keyOf(pod)] = pod
		w.hasNamespace(pod.Namespace)
	}
	return w, nil
}

// complete adds the defaults of a service and its address.
func (w *world) complete(service *corev1.Service) {
	orDefault(&service.Spec.Type, corev1.ServiceTypeClusterIP)
	if service.Spec.Type != corev1.ServiceTypeExternalName && service.Spec.ClusterIP == "" {
		service.Spec.ClusterIP = w.address("10.2")
	}
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		orDefault(&port.Protocol, corev1.ProtocolTCP)
		orDefault(&port.TargetPort, intstr.FromInt32(port.Port))
	}
}

func (w *world) hasNamespace(name string) {
	if w.namespaces[name] == nil {
		w.namespaces[name] = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
}

func (w *world) address(network string) string {
	w.addresses++
	return fmt.Sprintf("%s.%d.%d", network, w.addresses/250, w.addresses%250+1)
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// objects returns the objects that a cluster contains, with the endpoints of its services.
func (w *world) objects() []k8sruntime.Object {
	var objects []k8sruntime.Object
	for _, namespace := range w.namespaces {
		objects = append(objects, namespace)
	}
	for _, pod := range w.pods {
		objects = append(objects, pod)
	}
	for _, service := range w.services {
		objects = append(objects, service)
		for _, pod := range w.selected(service) {
			objects = append(objects, slice(service, pod))
		}
	}
	return objects
}

// selected returns the pods that a service selects, in order.
func (w *world) selected(service *corev1.Service) []*corev1.Pod {
	var selected []*corev1.Pod
	if len(service.Spec.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for _, pod := range w.pods {
		if pod.Namespace == service.Namespace && selector.Matches(labels.Set(pod.Labels)) {
			selected = append(selected, pod)
		}
	}
	slices.SortFunc(selected, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return selected
}

// slice returns the endpoints of one pod. Pods may resolve named ports differently.
func slice(service *corev1.Service, pod *corev1.Pod) *discoveryv1.EndpointSlice {
	ready := true
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: service.Namespace, Name: service.Name + "-" + pod.Name,
			Labels: map[string]string{discoveryv1.LabelServiceName: service.Name},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{pod.Status.PodIP},
			Conditions: discoveryv1.EndpointConditions{Ready: &ready},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name},
		}},
	}
	for _, port := range service.Spec.Ports {
		if number, err := kubecontroller.FindPort(pod, &port); err == nil {
			number := int32(number)
			slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{
				Name: &port.Name, Port: &number, Protocol: &port.Protocol, AppProtocol: port.AppProtocol,
			})
		}
	}
	return slice
}

// hasPort tells if a service has a port of a protocol, `UDP` or any other.
func hasPort(service *corev1.Service, number int, udp bool) bool {
	return slices.ContainsFunc(service.Spec.Ports, func(port corev1.ServicePort) bool {
		return int(port.Port) == number && (port.Protocol == corev1.ProtocolUDP) == udp
	})
}
