// Witness answers what Istio does with traffic, by asking Istio: istiod's own code translates native objects for each
// proxy, and a real Envoy decides about real requests and connections on loopback addresses.
//
// It speaks the part of the protocol of smi-conformance (PROTOCOL.md) that is about a mesh: `describe`, `route` and
// `authorize`, one JSON object a line. Its arguments are the path of Envoy and a folder for its files.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"istio.io/istio/pkg/log"
)

// longest is the length of the longest request.
const longest = 64 << 20

type request struct {
	Request string
	Objects json.RawMessage
	World   json.RawMessage
	Query   *query
	Inbound *inbound
}

// notModelled is a reason that there is no answer.
type notModelled struct{ reason string }

func (e notModelled) Error() string { return e.reason }

func unknown(format string, args ...any) error { return notModelled{fmt.Sprintf(format, args...)} }

func main() {
	// Envoy is killed with the thread that started it.
	runtime.LockOSThread()
	// Every cluster is a new istiod, whose memory is free soon.
	debug.SetGCPercent(400)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "witness:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return errors.New("usage: witness ENVOY FOLDER")
	}
	// istiod logs to standard output.
	answers := bufio.NewWriter(os.Stdout)
	os.Stdout = os.Stderr
	options := log.DefaultOptions()
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.NoneLevel)
	if err := log.Configure(options); err != nil {
		return err
	}
	mesh, err := newMesh(os.Args[1], os.Args[2])
	if err != nil {
		return err
	}
	requests := bufio.NewScanner(os.Stdin)
	requests.Buffer(make([]byte, 1<<20), longest)
	for requests.Scan() {
		answer, err := mesh.answer(requests.Bytes())
		var reason notModelled
		switch {
		case errors.As(err, &reason):
			answer = map[string]any{"notModelled": reason.reason}
		case err != nil:
			return fmt.Errorf("%w, in answer to %s", err, requests.Text())
		}
		line, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		answers.Write(append(line, '\n'))
		if err := answers.Flush(); err != nil {
			return err
		}
	}
	return requests.Err()
}

func (m *mesh) answer(line []byte) (any, error) {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return nil, err
	}
	if asked.Request == "describe" {
		return map[string]any{"protocol": 1, "name": "istio", "kinds": []any{}, "support": map[string]any{}}, nil
	}
	cluster, err := m.cluster(asked.World, asked.Objects)
	if err != nil {
		return nil, err
	}
	switch {
	case asked.Request == "route" && asked.Query != nil:
		shares, err := cluster.route(asked.Query)
		return map[string]any{"shares": shares}, err
	case asked.Request == "authorize" && asked.Inbound != nil:
		access, err := cluster.authorize(asked.Inbound)
		return map[string]any{"access": access}, err
	default:
		return nil, fmt.Errorf("there is no request %q", asked.Request)
	}
}
