package main

import (
	"encoding/json"
	"fmt"
	"os"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/core"
	"istio.io/istio/pilot/pkg/serviceregistry"
	kubecontroller "istio.io/istio/pilot/pkg/serviceregistry/kube/controller"
	istiocluster "istio.io/istio/pkg/cluster"
	"istio.io/istio/pkg/config"
	meshconfig "istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/krt"
	"istio.io/istio/pkg/log"
)

const clusterID = "Kubernetes"

// istiod is istiod's translation for one cluster, in memory.
type istiod struct {
	*core.ConfigGenTest
	life *life
}

// newIstiod starts istiod on a cluster. It returns an error if istiod's webhook refuses a native object.
func newIstiod(w *world, native json.RawMessage) (d *istiod, err error) {
	meshConfig := meshconfig.DefaultMeshConfig()
	if w.trustDomain != "" {
		meshConfig.TrustDomain = w.trustDomain
	}
	var objects []crd.IstioKind
	if err := json.Unmarshal(native, &objects); err != nil {
		return nil, err
	}
	var configs []config.Config
	for i := range objects {
		object := &objects[i]
		if object.Kind == "MeshConfig" {
			if meshConfig, err = meshconfig.ApplyMeshConfig(string(object.Spec), meshConfig); err != nil {
				return nil, err
			}
			continue
		}
		converted, err := convert(object, w.clusterDomain)
		if err != nil {
			return nil, err
		}
		configs = append(configs, converted)
	}
	// It would keep every former istiod.
	krt.GlobalDebugHandler = new(krt.DebugHandler)
	d = &istiod{life: &life{}}
	defer func() {
		if failed := recover(); failed != nil {
			d.life.end()
			err = fmt.Errorf("istiod failed: %v", failed)
		}
	}()
	registry, updater := kubecontroller.NewFakeControllerWithOptions(d.life, kubecontroller.FakeControllerOptions{
		Client:        kubelib.NewFakeClient(w.objects()...),
		ClusterID:     clusterID,
		ConfigCluster: true,
		DomainSuffix:  w.clusterDomain,
		MeshWatcher:   meshwatcher.NewTestWatcher(meshConfig),
		SkipRun:       true,
	})
	d.ConfigGenTest = core.NewConfigGenTest(d.life, core.TestOptions{
		Configs:           configs,
		MeshConfig:        meshConfig,
		ServiceRegistries: []serviceregistry.Instance{registry},
		ClusterID:         clusterID,
		SkipRun:           true,
	})
	// The endpoints are those that the registry finds.
	d.Env().EndpointIndex = registry.Endpoints
	d.Run()
	if err := d.Env().InitNetworksManager(updater); err != nil {
		return nil, err
	}
	d.PushContext().InitContext(d.Env(), nil, nil)
	return d, nil
}

// convert reads a native object and has it validated like istiod's webhook does.
func convert(object *crd.IstioKind, domain string) (config.Config, error) {
	gvk := object.GroupVersionKind()
	schema, known := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&gvk))
	if !known {
		return config.Config{}, unknown("the kind %s", gvk)
	}
	converted, err := crd.ConvertObject(schema, object, domain)
	if err == nil {
		_, err = schema.ValidateConfig(*converted)
	}
	if err != nil {
		return config.Config{}, unknown("refused by istiod: %s %s/%s: %v", object.Kind, object.Namespace, object.Name, err)
	}
	return *converted, nil
}

// proxy returns a sidecar with the address and labels of a pod.
func (d *istiod) proxy(namespace, name, address, account, domain string, labels map[string]string) *model.Proxy {
	return d.SetupProxy(&model.Proxy{
		Type:            model.SidecarProxy,
		ID:              name + "." + namespace,
		ConfigNamespace: namespace,
		DNSDomain:       namespace + ".svc." + domain,
		IPAddresses:     []string{address},
		Labels:          labels,
		Metadata: &model.NodeMetadata{
			Namespace: namespace, Labels: labels, ServiceAccount: account, ClusterID: istiocluster.ID(clusterID),
			IstioVersion: "1.31.0", InterceptionMode: model.InterceptionRedirect,
		},
	})
}

func (d *istiod) trustDomain() string { return d.Env().Mesh().TrustDomain }

// life is the lifetime that istiod's helpers for tests want to belong to.
type life struct{ cleanups []func() }

func (l *life) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }

func (l *life) end() {
	for i := len(l.cleanups) - 1; i >= 0; i-- {
		l.cleanups[i]()
	}
}

func (l *life) Fail()                     { panic("failed") }
func (l *life) FailNow()                  { panic("failed") }
func (l *life) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (l *life) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (l *life) Skip(args ...any)          { panic(fmt.Sprint(args...)) }
func (l *life) Log(args ...any)           { log.Info(fmt.Sprint(args...)) }
func (l *life) Logf(f string, a ...any)   { log.Infof(f, a...) }
func (l *life) Helper()                   {}

func (l *life) TempDir() string {
	folder, err := os.MkdirTemp("", "witness")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}
