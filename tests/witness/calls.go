package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	tcpBytes = "tcp"
	udp      = "udp"
	requests = "http"

	routeHeader   = "x-witness-route"
	detailsHeader = "x-witness-details"
	markerText    = "witness "
	isHTTP        = "HTTP"
	// answerTime is how long a sidecar may take to answer.
	answerTime = 10 * time.Second
	// raw is a message that is not HTTP.
	raw = "\x00\x01 bytes that are not HTTP\r\n"
)

// traffic is `"tcp"`, `"udp"`, or a request.
type traffic struct {
	kind    string
	Method  string
	Path    string
	Headers [][2]string
}

func (t *traffic) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &t.kind) == nil {
		return nil
	}
	type fields traffic
	t.kind = requests
	return json.Unmarshal(text, (*fields)(t))
}

type account struct{ Namespace, ServiceAccount string }

// peer is a client as its certificate names it.
type peer struct {
	account
	plaintext bool
	Spiffe    string
	DNS       string
}

// spiffe returns the name in the client's certificate, if it has one.
func (p *peer) spiffe(trustDomain string) string {
	if p.Namespace != "" {
		return spiffe(trustDomain, p.Namespace, p.ServiceAccount)
	}
	return p.Spiffe
}

func (p *peer) UnmarshalJSON(text []byte) error {
	var word string
	if json.Unmarshal(text, &word) == nil {
		p.plaintext = word == "plaintext"
		return nil
	}
	type fields peer
	return json.Unmarshal(text, (*fields)(p))
}

// call is a connection to a listener, with the traffic that is sent over it.
type call struct {
	socket string
	// source is the address of the client.
	source string
	// address and port are what the client called.
	address string
	port    int
	traffic *traffic
	// peer is the client, if the call reaches a server's sidecar.
	peer        *peer
	trustDomain string
}

// reply is what a sidecar did.
type reply struct {
	// passes is true if a server's sidecar would pass the traffic on.
	passes bool
	// marker is the number of the route that a client's sidecar took, or -1.
	marker int
	// status is the status with which a sidecar answers by itself, or 0 if it closes the connection.
	status int
}

// closed is the reply of a sidecar that closes the connection.
var closed = reply{marker: -1}

// reached tells if a sidecar replied at all.
func (r reply) reached() bool { return r != closed }

// line is an open connection to a listener. Requests after the first one use it again.
type line struct {
	net.Conn
	received *bufio.Reader
}

// call sends traffic, over a connection that former traffic left open if there is one.
func (c *cluster) call(asked *call) (reply, error) {
	name := asked.line()
	if open := c.lines[name]; open != nil {
		delete(c.lines, name)
		// The sidecar may have closed it meanwhile.
		if answer, err := c.send(asked, open); err == nil && answer.reached() {
			return answer, nil
		}
	}
	open, err := c.connect(asked)
	if err != nil {
		return reply{}, err
	}
	return c.send(asked, open)
}

// connect opens a connection.
func (c *cluster) connect(asked *call) (*line, error) {
	var secured *tls.Config
	if asked.peer != nil && !asked.peer.plaintext {
		certificate, err := c.mesh.authority.certificate(asked.peer.spiffe(asked.trustDomain), asked.peer.DNS)
		if err != nil {
			return nil, err
		}
		// The names of the protocols are those of a client's sidecar, which passes bytes that it takes for no request.
		protocols := []string{"istio-peer-exchange", "istio"}
		recognised, err := c.mesh.recognises(asked.traffic, asked.address)
		if err != nil {
			return nil, err
		}
		if recognised {
			protocols = []string{"istio-http/1.1"}
		}
		secured = &tls.Config{
			Certificates: []tls.Certificate{*certificate}, InsecureSkipVerify: true, NextProtos: protocols,
		}
	}
	connection, err := dial(asked.socket)
	if err != nil {
		return nil, err
	}
	if _, err := connection.Write(asked.header()); err != nil {
		connection.Close()
		return nil, err
	}
	if secured != nil {
		connection = tls.Client(connection, secured)
	}
	return &line{connection, bufio.NewReader(connection)}, nil
}

// recognises lets Envoy tell if traffic is HTTP/1, as it is when a client's sidecar inspects it.
func (m *mesh) recognises(sent *traffic, host string) (bool, error) {
	if sent.kind != requests {
		return false, nil
	}
	start := sent.Method + " " + sent.Path
	if known, asked := m.recognised[start]; asked {
		return known, nil
	}
	connection, err := dial(m.inspector)
	if err != nil {
		return false, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return false, err
	}
	if _, err := io.WriteString(connection, sent.text(host)); err != nil {
		return false, err
	}
	answer, err := io.ReadAll(connection)
	if err != nil && len(answer) == 0 {
		return false, err
	}
	m.recognised[start] = string(answer) == isHTTP
	return m.recognised[start], nil
}

// send sends traffic over a connection, and keeps the connection if more can follow.
func (c *cluster) send(asked *call, open *line) (answer reply, err error) {
	keep := false
	defer func() {
		if keep && err == nil {
			c.lines[asked.line()] = open
		} else {
			open.Close()
		}
	}()
	if err := open.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return reply{}, err
	}
	sent := raw
	if asked.traffic.kind == requests {
		sent = asked.traffic.text(asked.address)
	}
	// Who is refused may notice it while writing or while reading.
	if _, err := io.WriteString(open, sent); err != nil {
		return closed, timeouts(err)
	}
	start, err := open.received.Peek(len(markerText))
	switch {
	case err != nil && len(start) == 0:
		return closed, timeouts(err)
	case string(start) == "HTTP/1.1":
		answer, keep, err = asked.response(open.received)
		return answer, err
	case string(start) == markerText:
		text, err := open.received.ReadString('\n')
		if err != nil {
			return reply{}, err
		}
		number, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(text, markerText)))
		return reply{marker: number}, err
	case strings.HasPrefix(sent, string(start)):
		return reply{passes: true, marker: -1}, nil
	default:
		return reply{}, fmt.Errorf("a sidecar replied %q", start)
	}
}

// timeouts returns an error that is a missing answer, and nil for a closed connection.
func timeouts(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return unknown("a sidecar that neither answers nor closes the connection")
	}
	return nil
}

// response reads a response, and tells if the connection stays open.
func (c *call) response(received *bufio.Reader) (reply, bool, error) {
	response, err := http.ReadResponse(received, &http.Request{Method: c.traffic.Method})
	if err != nil {
		return reply{}, false, err
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return reply{}, false, err
	}
	details := response.Header.Get(detailsHeader)
	found := strings.HasPrefix(details, "cluster_not_found")
	answer := reply{marker: -1, status: response.StatusCode, passes: found}
	if !found && c.peer != nil && answer.status >= 500 {
		return reply{}, false, fmt.Errorf("a sidecar answered %d, %s, which is no decision", answer.status, details)
	}
	if found && c.peer == nil {
		answer.marker, err = strconv.Atoi(response.Header.Get(routeHeader))
	}
	return answer, !response.Close, err
}

// text returns the request as it is sent. Clients send an empty path as `/`.
func (t *traffic) text(host string) string {
	var text bytes.Buffer
	path := t.Path
	orDefault(&path, "/")
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\n", t.Method, path)
	named := false
	for _, header := range t.Headers {
		named = named || strings.EqualFold(header[0], "host")
		fmt.Fprintf(&text, "%s: %s\r\n", header[0], header[1])
	}
	if !named {
		fmt.Fprintf(&text, "Host: %s\r\n", host)
	}
	text.WriteString("\r\n")
	return text.String()
}

// line names the connections over which the call can be sent.
func (c *call) line() string {
	if c.traffic.kind != requests {
		return ""
	}
	return fmt.Sprint(c.socket, c.source, c.address, c.port, c.peer)
}

// header returns the header of the PROXY protocol, version 2.
func (c *call) header() []byte {
	header := []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c")
	header = append(header, net.ParseIP(c.source).To4()...)
	header = append(header, net.ParseIP(c.address).To4()...)
	header = binary.BigEndian.AppendUint16(header, 40000)
	return binary.BigEndian.AppendUint16(header, uint16(c.port))
}

// dial connects to a listener, which may have been told to listen a moment ago.
func dial(socket string) (net.Conn, error) {
	address := net.JoinHostPort(socket, strconv.Itoa(port))
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(until) {
			return connection, err
		}
	}
}
