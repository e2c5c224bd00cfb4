// Writers performs the steps of canaries with the code of the real writers of SMI objects: the routers of Flagger and
// Argo Rollouts.
//
// Its only argument is a kubeconfig file. It reads commands from the standard input, one JSON object per line, and
// answers each with one JSON object per line, until the standard input ends. What is no command ends it as well.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	rollouts "github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout/trafficrouting/smi"
	"github.com/argoproj/argo-rollouts/utils/defaults"
	"github.com/argoproj/argo-rollouts/utils/record"
	flagger "github.com/fluxcd/flagger/pkg/apis/flagger/v1beta1"
	flaggerclient "github.com/fluxcd/flagger/pkg/client/clientset/versioned"
	"github.com/fluxcd/flagger/pkg/router"
	smiclient "github.com/servicemeshinterface/smi-sdk-go/pkg/gen/client/split/clientset/versioned"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The owners of the splits exist only in this program. Servers reject references to owners without UID.
const (
	canaryUID  = "5ed4bc57-a70c-4b3b-9e1f-0c3e2a6d8f01"
	rolloutUID = "5ed4bc57-a70c-4b3b-9e1f-0c3e2a6d8f02"
)

type command struct {
	// "flagger" or "argo".
	Writer string `json:"writer"`
	// The API version of the splits. For Flagger, it can name the mesh after a colon, such as "v1alpha2:istio".
	Version string `json:"version"`
	// For Flagger "initialize", "weight", "get" or "finalize", for Argo Rollouts "weight".
	Do string `json:"do"`
	// The names of the Canary or Rollout, of the split and of the root service are the same.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// The weights of "weight". Argo Rollouts takes only that of the canary.
	Primary int `json:"primary"`
	Canary  int `json:"canary"`

	// Only for Flagger: the port of the services (80 if absent), and `hosts` and `gateways` of the Canary.
	Port     int32    `json:"port"`
	Hosts    []string `json:"hosts"`
	Gateways []string `json:"gateways"`

	// Only for Argo Rollouts: another root service, none if empty, and backends besides the canary and the stable one.
	Root       *string                      `json:"root"`
	Additional []rollouts.WeightDestination `json:"additional"`
}

// An answer has the weights only after "get".
type answer struct {
	OK      bool   `json:"ok"`
	Error   string `json:"error,omitempty"`
	Primary *int   `json:"primary,omitempty"`
	Canary  *int   `json:"canary,omitempty"`
}

type writers struct {
	flagger *router.Factory
	argo    smiclient.Interface
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: writers KUBECONFIG")
	}
	// Errors are in the answers, and all else that Argo Rollouts logs is known to the reader of the answers.
	logrus.SetOutput(io.Discard)
	writers, err := connect(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	commands := json.NewDecoder(os.Stdin)
	commands.DisallowUnknownFields()
	answers := json.NewEncoder(os.Stdout)
	for {
		var command command
		err := commands.Decode(&command)
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		answered, err := writers.perform(command)
		if err != nil {
			answered = answer{Error: err.Error()}
		}
		answered.OK = err == nil
		if err := answers.Encode(answered); err != nil {
			log.Fatal(err)
		}
	}
}

func connect(kubeconfig string) (*writers, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // No limit: tests need not spare their server.
	config.Timeout = time.Minute

	// The server takes the names of the field managers from the user agents, which are those of the real controllers.
	argo := rest.CopyConfig(config)
	argo.UserAgent = "rollouts-controller"
	config.UserAgent = "flagger"

	services, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	splits, err := flaggerclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	argoSplits, err := smiclient.NewForConfig(argo)
	if err != nil {
		return nil, err
	}
	return &writers{
		flagger: router.NewFactory(config, services, splits, "", "", zap.NewNop().Sugar(), splits, true),
		argo:    argoSplits,
	}, nil
}

func (w *writers) perform(command command) (answer, error) {
	switch command.Writer {
	case "flagger":
		return w.performFlagger(command)
	case "argo":
		return answer{}, w.performArgo(command)
	default:
		return answer{}, fmt.Errorf("unknown writer %q", command.Writer)
	}
}

func (w *writers) performFlagger(command command) (answer, error) {
	mesh := w.flagger.MeshRouter(flagger.SMIProvider+":"+command.Version, "app")
	if _, isDefault := mesh.(*router.IstioRouter); isDefault {
		// Flagger does not tell that it knows no such provider.
		return answer{}, fmt.Errorf("Flagger has no router for version %q of SMI", command.Version)
	}
	// Flagger takes these from the pod template of the target.
	services := w.flagger.KubernetesRouter("Deployment", "app", command.Name, nil)

	canary := &flagger.Canary{
		ObjectMeta: meta.ObjectMeta{Namespace: command.Namespace, Name: command.Name, UID: canaryUID},
		Spec: flagger.CanarySpec{
			TargetRef: flagger.LocalObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: command.Name},
			Service:   flagger.CanaryService{Port: command.Port, Hosts: command.Hosts, Gateways: command.Gateways},
		},
	}
	if command.Port == 0 {
		canary.Spec.Service.Port = 80
	}

	// What Flagger's controller does with its routers, in its order.
	switch command.Do {
	case "initialize":
		if err := services.Initialize(canary); err != nil {
			return answer{}, err
		}
		if err := services.Reconcile(canary); err != nil {
			return answer{}, err
		}
		return answer{}, mesh.Reconcile(canary)
	case "weight":
		return answer{}, mesh.SetRoutes(canary, command.Primary, command.Canary, false)
	case "get":
		primaryWeight, canaryWeight, _, err := mesh.GetRoutes(canary)
		return answer{Primary: &primaryWeight, Canary: &canaryWeight}, err
	case "finalize":
		if err := services.Finalize(canary); err != nil {
			return answer{}, err
		}
		return answer{}, mesh.Finalize(canary)
	default:
		return answer{}, fmt.Errorf("Flagger does not do %q", command.Do)
	}
}

func (w *writers) performArgo(command command) error {
	if command.Do != "weight" {
		return fmt.Errorf("Argo Rollouts does not do %q", command.Do)
	}
	if command.Root == nil {
		command.Root = &command.Name
	}
	rollout := &rollouts.Rollout{
		ObjectMeta: meta.ObjectMeta{Namespace: command.Namespace, Name: command.Name, UID: rolloutUID},
		Spec: rollouts.RolloutSpec{Strategy: rollouts.RolloutStrategy{Canary: &rollouts.CanaryStrategy{
			StableService: command.Name + "-stable",
			CanaryService: command.Name + "-canary",
			TrafficRouting: &rollouts.RolloutTrafficRouting{
				SMI: &rollouts.SMITrafficRouting{RootService: *command.Root},
			},
		}}},
	}
	// The version is a flag of the controller, and so a global variable.
	defaults.SetSMIAPIVersion(command.Version)
	reconciler, err := smi.NewReconciler(smi.ReconcilerConfig{
		Rollout:        rollout,
		Client:         w.argo,
		Recorder:       noEvents{},
		ControllerKind: rollouts.SchemeGroupVersion.WithKind("Rollout"),
	})
	if err != nil {
		return err
	}
	// The other methods that the controller calls do nothing for SMI.
	return reconciler.SetWeight(int32(command.Canary), command.Additional...)
}

// noEvents ignores events, which would tell about a Rollout that does not exist.
type noEvents struct{ record.EventRecorder }

func (noEvents) Eventf(runtime.Object, record.EventOptions, string, ...any) {}
