package wire

import "bytes"

// A head is an HTTP head that is being read. As in net/http a line may end without
// a carriage return.
type head struct {
	size    int
	lines   int
	first   [maxLine]byte
	nfirst  int
	line    [maxLine]byte // of those that follow
	nline   int
	deflate bool // a line says that messages may be compressed
}

// firstLine is the first line without its line break.
func (h *head) firstLine() []byte { return bytes.TrimSuffix(h.first[:h.nfirst], []byte("\r")) }

// feed reads up to the empty line that ends the head. It returns what follows and
// whether the line was there.
func (h *head) feed(p []byte) ([]byte, bool) {
	for n, b := range p {
		h.size++
		if h.size > maxHead {
			return nil, false
		}
		if b != '\n' {
			h.put(b)
			continue
		}
		if h.lines > 0 {
			line := bytes.TrimSuffix(h.line[:h.nline], []byte("\r"))
			if len(line) == 0 {
				return p[n+1:], true
			}
			h.deflate = h.deflate || negotiatesDeflate(line)
		}
		h.lines++
		h.nline = 0
	}
	return nil, false
}

func (h *head) put(b byte) {
	switch {
	case h.lines == 0 && h.nfirst < maxLine:
		h.first[h.nfirst] = b
		h.nfirst++
	case h.lines > 0 && h.nline < maxLine:
		h.line[h.nline] = b
		h.nline++
	}
}

var (
	extensions        = []byte("Sec-WebSocket-Extensions")
	permessageDeflate = []byte("permessage-deflate")
)

// negotiatesDeflate reports whether a line of a server's head has the extension
// with which it may compress. With which parameters does not matter: gorilla/websocket
// gives a connection up whose parameters it does not know.
func negotiatesDeflate(line []byte) bool {
	name, value, _ := bytes.Cut(line, []byte(":"))
	if !bytes.EqualFold(name, extensions) {
		return false
	}
	quoted := false
	first := true // of an extension: its name
	for len(value) > 0 {
		n := bytes.IndexAny(value, `,;"`)
		if n < 0 {
			n = len(value)
		}
		if first && !quoted && bytes.Equal(bytes.TrimSpace(value[:n]), permessageDeflate) {
			return true
		}
		if n == len(value) {
			break
		}
		switch value[n] {
		case '"':
			quoted = !quoted
		case ',':
			first = first || !quoted
		case ';':
			first = false
		}
		value = value[n+1:]
	}
	return false
}
