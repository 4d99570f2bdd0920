package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/argus-dgo/argus/internal/clickhousesettings"
	"github.com/argus-dgo/argus/internal/reason"
)

const (
	// maxAnswer is how much of ClickHouse's answer is read, in bytes.
	maxAnswer = 4 << 10

	statusHint = "argus-analytics status says more"
)

// clickhouse checks that events can be written to ClickHouse, if a variable names one.
func (d *doctor) clickhouse(ctx context.Context) []finding {
	if os.Getenv(clickhousesettings.EnvURL) == "" || d.config.Disabled {
		return nil
	}
	const check = "clickhouse"
	s := clickhousesettings.FromEnvironment(os.LookupEnv)
	if err := s.Check(); err != nil {
		return []finding{{check, failure, err.Error(), "correct the setting"}}
	}
	c, err := newTables(s)
	if err != nil {
		return []finding{{check, failure, err.Error(), "correct the setting"}}
	}
	if c.server.Native {
		return []finding{{check, skipped, c.server.Addr + " is not checked: only ClickHouse's HTTP interface is", "run argus-analytics status"}}
	}
	text, do, state := c.examine(ctx)
	return []finding{{check, state, c.server.Addr + ": " + text, do}}
}

// tables are those of one database, over HTTP.
type tables struct {
	server   clickhousesettings.Server
	user     string
	password string
	client   *http.Client
}

func newTables(s clickhousesettings.Settings) (*tables, error) {
	c := &tables{user: s.User}
	var err error
	if c.server, err = s.Server(); err != nil {
		return nil, err
	}
	if c.password, err = s.Password(); err != nil {
		return nil, err
	}
	tls, err := s.TLS()
	if err != nil {
		return nil, err
	}
	c.client = &http.Client{
		Timeout:       connectTimeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: tls, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// examine says in which state the tables are.
func (c *tables) examine(ctx context.Context) (text, do string, s state) {
	if _, problem := c.ask(ctx, "SELECT 1"); problem != nil {
		return problem.Text, problem.Do, failure
	}
	there, problem := c.ask(ctx, "EXISTS TABLE events")
	if problem != nil {
		return problem.Text, problem.Do, failure
	}
	if there != "1" {
		return "the database " + c.server.Database + " has no table events", "run argus-analytics init", failure
	}
	answer, problem := c.ask(ctx, "SELECT max(version) FROM schema_versions WHERE applied = (SELECT max(applied) FROM schema_versions)")
	if problem != nil {
		return problem.Text, problem.Do, failure
	}
	version, err := strconv.ParseUint(answer, 10, 32)
	switch {
	case err != nil:
		return "it does not answer as ClickHouse does", "check " + clickhousesettings.EnvURL, failure
	case version == 0:
		return "the tables of the database " + c.server.Database + " are not complete", "run argus-analytics init", failure
	case version < clickhousesettings.SchemaVersion:
		return fmt.Sprintf("the tables have version %d, and this program knows %d", version, clickhousesettings.SchemaVersion), "run argus-analytics migrate", failure
	case version > clickhousesettings.SchemaVersion:
		return fmt.Sprintf("the tables have version %d, and this program knows %d", version, clickhousesettings.SchemaVersion), "use a newer version of Argus", warning
	}
	return fmt.Sprintf("accepts the user, and has version %d of the tables; %s", version, statusHint), "", ok
}

// A problem is why a question has no answer.
type problem = clickhousesettings.Problem

// exception finds the number of an error in the text of old servers. Others have a header.
var exception = regexp.MustCompile(`^Code: (\d+)`)

// ask returns the answer to a question, in one line.
func (c *tables) ask(ctx context.Context, question string) (string, *problem) {
	u := url.URL{Scheme: "http", Host: c.server.Addr, Path: "/", RawQuery: url.Values{"database": {c.server.Database}}.Encode()}
	if c.server.TLS {
		u.Scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(question))
	if err != nil {
		return "", &problem{Text: reason.Of(err).Error(), Do: "correct " + clickhousesettings.EnvURL}
	}
	request.Header.Set("X-ClickHouse-User", c.user)
	if c.password != "" {
		request.Header.Set("X-ClickHouse-Key", c.password)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return "", &problem{Text: reason.Of(err).Error(), Do: clickhousesettings.CheckConnection}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", &problem{Text: reason.Of(err).Error(), Do: clickhousesettings.ReadLog}
	}
	code := response.Header.Get("X-ClickHouse-Exception-Code")
	if m := exception.FindSubmatch(body); code == "" && m != nil {
		code = string(m[1])
	}
	n, _ := strconv.Atoi(code) // 0 is no error
	if p, known := c.server.Problem(n); known {
		return "", &p
	}
	switch {
	case code != "":
		return "", &problem{Text: "it answers with error " + number(code), Do: clickhousesettings.ReadLog}
	case response.StatusCode != http.StatusOK:
		return "", &problem{Text: fmt.Sprintf("it answers with HTTP status %d", response.StatusCode), Do: clickhousesettings.CheckProxy}
	}
	return strings.TrimSpace(string(body)), nil
}

// number is a code if it is one: a header may have anything.
func number(code string) string {
	if n, err := strconv.Atoi(code); err == nil {
		return strconv.Itoa(n)
	}
	return "of an unknown number"
}
