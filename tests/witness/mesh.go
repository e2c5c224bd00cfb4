package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
)

// kept is the number of clusters whose sidecars stay in Envoy. Laws go to and fro between a few.
const kept = 8

// mesh is the whole mesh: all sidecars are listeners of one Envoy.
type mesh struct {
	envoy     *envoy
	authority *authority
	clusters  []*cluster
	// sockets is the number of loopback addresses given away.
	sockets uint32
	// inspector is the address of a listener that recognises HTTP, and recognised what it said about starts of requests.
	inspector  string
	recognised map[string]bool
}

// cluster is a cluster with its native objects.
type cluster struct {
	mesh       *mesh
	world      *world
	istiod     *istiod
	worldText  []byte
	nativeText []byte
	refusal    error
	clients    map[string]*client
	servers    map[key]*sidecar
	// lines are open connections to its sidecars.
	lines map[string]*line
	// names are those of its listeners.
	names []string
}

func newMesh(binary, folder string) (*mesh, error) {
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	envoy, err := startEnvoy(binary, folder, authority)
	if err != nil {
		return nil, err
	}
	m := &mesh{envoy: envoy, authority: authority, recognised: map[string]bool{}}
	m.inspector = m.socket()
	recognising, err := inspector(m.inspector)
	if err != nil {
		return nil, err
	}
	_, err = envoy.add([]*listener.Listener{recognising})
	return m, err
}

// cluster returns a cluster, which may be a former one.
func (m *mesh) cluster(worldText, nativeText json.RawMessage) (*cluster, error) {
	known := slices.IndexFunc(m.clusters, func(c *cluster) bool {
		return bytes.Equal(c.worldText, worldText) && bytes.Equal(c.nativeText, nativeText)
	})
	if known >= 0 {
		c := m.clusters[known]
		m.clusters = append(slices.Delete(m.clusters, known, known+1), c)
		return c, c.refusal
	}
	world, err := readWorld(worldText)
	if err != nil {
		return nil, err
	}
	c := &cluster{
		mesh: m, world: world, worldText: slices.Clone(worldText), nativeText: slices.Clone(nativeText),
		clients: map[string]*client{}, servers: map[key]*sidecar{}, lines: map[string]*line{},
	}
	c.istiod, c.refusal = newIstiod(world, nativeText)
	m.clusters = append(m.clusters, c)
	if len(m.clusters) > kept {
		m.clusters[0].end()
		m.clusters = slices.Delete(m.clusters, 0, 1)
	}
	return c, c.refusal
}

func (c *cluster) end() {
	for _, open := range c.lines {
		open.Close()
	}
	c.mesh.envoy.remove(c.names)
	if c.istiod != nil {
		c.istiod.life.end()
	}
}

// load gives listeners to Envoy. It returns the reasons why it refuses any of them.
func (c *cluster) load(listeners []*listener.Listener) (map[string]string, error) {
	for _, one := range listeners {
		c.names = append(c.names, one.Name)
	}
	return c.mesh.envoy.add(listeners)
}

// socket returns a loopback address that no listener had before.
func (m *mesh) socket() string {
	m.sockets++
	return fmt.Sprintf("127.%d.%d.%d", 1+m.sockets>>16&0x7f, m.sockets>>8&0xff, m.sockets&0xff)
}
