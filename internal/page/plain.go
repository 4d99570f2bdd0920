package page

import (
	_ "embed" // plain.css
	"fmt"
	"html"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/frontend"
)

// mostRows is the number of shards that the plain page lists.
const mostRows = 64

//go:embed plain.css
var plainCSS []byte

// A sheet is what the plain page shows.
type sheet struct {
	Form    bool   // the token is asked for
	Logout  bool   // there is a session, which can be ended
	Problem string // a sentence
	Bots    []bot
	At      string
}

type bot struct {
	Name, Headline string
	Findings       []finding
	Gaps           []string
	Shards         string // a sentence
	Rows           []row
	Cache          []cached
}

type finding struct{ ID, Severity, Sentence, Since, Blame, Do, Runbook string }

type row struct{ Shard, State, Since, Latency, Heartbeat, Events, Last, Findings string }

// cached is a kind of entry of discordgo's state cache, and how many there are.
type cached struct{ Kind, Entries string }

// plain serves the status and the shards as HTML. It is made anew every 30 s by the
// browser.
func (h *handler) plain(w http.ResponseWriter, r *http.Request) {
	s := sheet{Logout: h.cfg.Guard.Asks() && !h.cfg.Guard.Sent(r), At: clock(time.Now())}
	glances, err := h.cfg.API.Glances(r.Context())
	status := http.StatusOK
	switch {
	case api.Busy(err):
		w.Header().Set("Retry-After", "1")
		status, s.Problem = http.StatusServiceUnavailable, "The process is busy. Try again."
	case err != nil:
		h.cfg.Report(fmt.Errorf("/plain: %w", err))
		status, s.Problem = http.StatusInternalServerError, "The status could not be computed. The cause is in the log of the process."
	case len(glances) == 0:
		s.Problem = "No bot of this process keeps a history: ARGUS_HISTORY is false, or the process is starting."
	}
	for _, g := range glances {
		s.Bots = append(s.Bots, botOf(g))
	}
	h.write(w, status, s)
}

// ask serves the form for the token, to those who need it.
func (h *handler) ask(w http.ResponseWriter, _ *http.Request) {
	h.write(w, http.StatusUnauthorized, sheet{Form: true})
}

func (h *handler) login(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if h.cfg.Guard.Admits(r) {
			frontend.SeeOther(w)
			return
		}
		h.write(w, http.StatusOK, sheet{Form: true})
	case http.MethodPost:
		h.answer(w, h.cfg.Guard.Login(w, r))
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "only GET, HEAD and POST are served here", http.StatusMethodNotAllowed)
	}
}

func (h *handler) logout(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "only POST is served here", http.StatusMethodNotAllowed)
		return
	}
	h.answer(w, h.cfg.Guard.Logout(w, r))
}

// answer answers to a form.
func (h *handler) answer(w http.ResponseWriter, refusal *access.Refusal) {
	if refusal == nil {
		frontend.SeeOther(w)
		return
	}
	refusal.Header(w.Header())
	h.write(w, refusal.Status, sheet{Form: true, Problem: refusal.Text})
}

func (h *handler) write(w http.ResponseWriter, status int, s sheet) {
	frontend.SameOrigin(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(s.html()))
}

// A markup is HTML. It does without html/template: with it, the linker has to keep every
// method of the program.
type markup struct{ strings.Builder }

// add adds a line. The arguments are text, which is escaped, also within quotes.
func (m *markup) add(format string, text ...string) {
	args := make([]any, len(text))
	for i, t := range text {
		args[i] = html.EscapeString(t)
	}
	fmt.Fprintf(m, format+"\n", args...)
}

// row adds a row of a table, whose first cell is its header.
func (m *markup) row(cells ...string) {
	m.add(`<tr><th scope="row">%s</th>`+strings.Repeat("<td>%s</td>", len(cells)-1)+"</tr>", cells...)
}

// table begins a table.
func (m *markup) table(columns ...string) {
	m.add("<table>\n<thead><tr>"+strings.Repeat(`<th scope="col">%s</th>`, len(columns))+"</tr></thead>\n<tbody>", columns...)
}

func (s sheet) html() string {
	var m markup
	m.add(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Argus</title>
<link rel="stylesheet" href="./plain.css">
<link rel="icon" href="data:,">`)
	if !s.Form {
		m.add(`<meta http-equiv="refresh" content="30">`)
	}
	m.add("</head>\n<body>\n<main>")
	if s.Form {
		s.form(&m)
	} else {
		s.status(&m)
	}
	m.add("</main>\n</body>\n</html>")
	return m.String()
}

func (s sheet) form(m *markup) {
	m.add(`<h1>Argus</h1>
<p>To see the data of this process, enter its token (ARGUS_DASHBOARD_AUTH_TOKEN, or else ARGUS_METRICS_AUTH_TOKEN).</p>`)
	if s.Problem != "" {
		m.add(`<p role="alert"><strong>%s</strong></p>`, s.Problem)
	}
	m.add(`<form method="post" action="./login">
<input type="text" name="username" value="argus" autocomplete="username" hidden>
<label for="token">Token</label>
<input type="password" id="token" name="token" autocomplete="current-password" required autofocus>
<button>Log in</button>
</form>`)
}

func (s sheet) status(m *markup) {
	if s.Problem != "" {
		m.add("<h1>%s</h1>", s.Problem)
	}
	for _, b := range s.Bots {
		m.add("<h1>%s</h1>\n<p>%s</p>", b.Headline, b.Name)
		if len(b.Findings) > 0 {
			m.add("<h2>Findings, worst first</h2>")
			m.table("What is wrong", "Severity", "Since", "Caused by", "What to do", "Runbook")
			for _, f := range b.Findings {
				m.add(`<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td><a href="%s" rel="noreferrer">%s</a></td></tr>`,
					f.Sentence, f.Severity, f.Since, f.Blame, f.Do, f.Runbook, f.ID)
			}
			m.add("</tbody>\n</table>")
		}
		for _, gap := range b.Gaps {
			m.add("<p>Cannot tell %s</p>", gap)
		}
		m.add("<h2>Shards</h2>\n<p>%s</p>", b.Shards)
		if len(b.Rows) > 0 {
			m.table("Shard", "State", "Since", "Latency of the last heartbeat", "Age of its acknowledgement", "Events", "Last disconnect", "Findings")
			for _, r := range b.Rows {
				m.row(r.Shard, r.State, r.Since, r.Latency, r.Heartbeat, r.Events, r.Last, r.Findings)
			}
			m.add("</tbody>\n</table>")
		}
		if len(b.Cache) > 0 {
			m.add("<h2>State cache of discordgo</h2>")
			m.table("Kind", "Entries")
			for _, c := range b.Cache {
				m.row(c.Kind, c.Entries)
			}
			m.add("</tbody>\n</table>")
		}
	}
	m.add(`<p>As of %s. This page reloads every 30 s. With JavaScript, <a href="./">the live page</a> shows more.</p>`, s.At)
	if s.Logout {
		m.add(`<form method="post" action="./logout"><button>Log out</button></form>`)
	}
}

func botOf(g api.Glance) bot {
	b := bot{Name: "cluster " + g.Identity.Cluster, Headline: g.Report.Headline()}
	if g.Identity.Bot != "" {
		b.Name = "bot " + g.Identity.Bot + ", " + b.Name
	}
	for _, f := range g.Report.Findings {
		b.Findings = append(b.Findings, finding{f.ID, f.Severity, f.Sentence + ".", since(f), string(f.Blame), f.Do, f.Runbook})
	}
	for _, gap := range g.Report.Gaps {
		if text := gap.What + ". " + gap.How; !slices.Contains(b.Gaps, text) {
			b.Gaps = append(b.Gaps, text)
		}
	}
	up, unwell := 0, make([]api.Shard, 0, mostRows)
	for _, s := range g.Shards {
		if s.Up != nil && *s.Up {
			up++
		}
		if (s.Up == nil || !*s.Up || len(s.Findings) > 0) && len(unwell) < mostRows {
			unwell = append(unwell, s)
		}
	}
	listed := g.Shards
	b.Shards = fmt.Sprintf("%d of %d shards are up.", up, len(g.Shards))
	if len(listed) > mostRows {
		listed = unwell
		b.Shards += fmt.Sprintf(" The table has those that are not up or have a finding, up to %d.", mostRows)
	}
	for _, s := range listed {
		b.Rows = append(b.Rows, rowOf(s, g.At))
	}
	for _, kind := range slices.Sorted(maps.Keys(g.Cache)) {
		b.Cache = append(b.Cache, cached{strings.ReplaceAll(kind, "_", " "), number(g.Cache[kind], "%.0f")})
	}
	return b
}

func rowOf(s api.Shard, at time.Time) row {
	r := row{
		Shard: s.Shard, State: unknown, Since: unknown, Last: "none known", Findings: strings.Join(s.Findings, ", "),
		Latency: number(s.Latency, "%.3f s"), Heartbeat: number(s.HeartbeatAge, "%.0f s"), Events: number(s.Events, "%.1f/s"),
	}
	if s.State != nil {
		r.State = *s.State
	} else if s.Up != nil {
		r.State = map[bool]string{true: "up", false: "down"}[*s.Up]
	}
	if s.Since != nil {
		r.Since = fmt.Sprintf("%s (%s)", clock(*s.Since), at.Sub(*s.Since).Round(time.Second))
	}
	if last := s.LastClose; last != nil {
		r.Last = fmt.Sprintf("%s, %s by %s", clock(last.At), last.Code, last.Initiator)
	}
	return r
}

const unknown = "unknown"

func number(v *float64, format string) string {
	if v == nil {
		return unknown
	}
	return fmt.Sprintf(format, *v)
}

func since(f findings.Finding) string {
	switch {
	case f.Since.IsZero():
		return unknown
	case f.Before:
		return "before " + clock(f.Since)
	}
	return clock(f.Since)
}

func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }
