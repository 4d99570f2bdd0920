package page

import (
	"bytes"
	"errors"
	"fmt"
)

var endOfPage = []byte("# EOF")

// isOpenMetrics reports whether the last line is that of OpenMetrics.
func isOpenMetrics(text []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(text, "\n"), append([]byte("\n"), endOfPage...))
}

// classic turns OpenMetrics into the text format, line by line: it leaves out timestamps,
// exemplars, and all comments but the types that the parser needs in order to put the
// samples of a histogram together. The parser for OpenMetrics of expfmt v0.73 takes 4 ms
// for each line, so it would need 10 s for a page of 2,500 lines.
func classic(text []byte) ([]byte, error) {
	page := make([]byte, 0, len(text))
	n := 0
	ended := false
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch {
		case ended:
			return nil, fmt.Errorf("not a metrics page: line %d: there is more after # EOF", n)
		case bytes.Equal(line, endOfPage):
			ended = true
		case bytes.HasPrefix(line, []byte("# TYPE ")):
			if bytes.HasSuffix(line, []byte(" histogram")) || bytes.HasSuffix(line, []byte(" summary")) {
				page = append(page, line...)
			}
		case !bytes.HasPrefix(line, []byte("#")):
			page = append(page, line[:endOfValue(line)]...)
		}
		page = append(page, '\n')
	}
	if !ended {
		return nil, errors.New("the page is cut off: OpenMetrics ends with # EOF")
	}
	return page, nil
}

// endOfValue returns where the value of a sample ends, or the whole length where the
// line is no sample.
func endOfValue(line []byte) int {
	quoted, blanks := false, 0
	inside := false // the braces
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			inside = true
		case c == '}':
			inside = false
		case c == ' ' && !inside:
			if blanks++; blanks == 2 {
				return i
			}
		}
	}
	return len(line)
}
