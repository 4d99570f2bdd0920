package discordtest_test

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

// rawClient is a plain gateway client, for what discordgo does not do or does not
// survive.
type rawClient struct {
	t    *testing.T
	ws   *websocket.Conn
	seen map[int]int
}

func dialGateway(t *testing.T, s *discordtest.Server) *rawClient { return dialGatewayAt(t, s, "") }

func dialGatewayAt(t *testing.T, s *discordtest.Server, query string) *rawClient {
	t.Helper()
	ws, resp, err := (&websocket.Dialer{HandshakeTimeout: deadline}).Dial(s.GatewayURL()+"/"+query, nil)
	if err != nil {
		t.Fatalf("dialing the gateway: %v", err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	_ = ws.SetReadDeadline(time.Now().Add(deadline))
	return &rawClient{t: t, ws: ws, seen: map[int]int{}}
}

func (c *rawClient) send(payload string) {
	// Some tests write to a server that has already closed.
	_ = c.ws.WriteMessage(websocket.TextMessage, []byte(payload))
}

func (c *rawClient) identify(shard, shards int) {
	c.send(fmt.Sprintf(`{"op":2,"d":{"token":"t","intents":1,"shard":[%d,%d],"properties":{"os":"test"}}}`, shard, shards))
}

func (c *rawClient) read() (op int, d json.RawMessage) {
	c.t.Helper()
	kind, data, err := c.ws.ReadMessage()
	if err != nil {
		c.t.Fatalf("reading from the gateway: %v", err)
	}
	if kind == websocket.BinaryMessage {
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			c.t.Fatalf("a binary frame is not zlib: %v", err)
		}
		if data, err = io.ReadAll(z); err != nil {
			c.t.Fatalf("a binary frame is no whole zlib stream: %v", err)
		}
	}
	var p struct {
		Op int             `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(data, &p); err != nil {
		c.t.Fatalf("payload %q: %v", data, err)
	}
	c.seen[p.Op]++
	return p.Op, p.D
}

func (c *rawClient) expectOp(want int) json.RawMessage {
	c.t.Helper()
	op, d := c.read()
	if op != want {
		c.t.Fatalf("op %d with %s, want op %d", op, d, want)
	}
	return d
}

// waitOp reads until a payload has this op code.
func (c *rawClient) waitOp(want int) json.RawMessage {
	c.t.Helper()
	for {
		if op, d := c.read(); op == want {
			return d
		}
	}
}

// readClose reads until the connection ends and returns the close code, or 1006.
func (c *rawClient) readClose() int {
	c.t.Helper()
	for {
		_, _, err := c.ws.ReadMessage()
		if err == nil {
			continue
		}
		if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
			return ce.Code
		}
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return 0
		}
		return websocket.CloseAbnormalClosure
	}
}
