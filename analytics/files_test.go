package analytics_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/chdbtest"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// TestFilesHaveOneStatement keeps to what clickhouse-go sends at once, and to the database
// of the connection.
func TestFilesHaveOneStatement(t *testing.T) {
	comments := regexp.MustCompile(`--[^\n]*`)
	n := 0
	err := fs.WalkDir(os.DirFS("sql"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		raw, err := os.ReadFile("sql/" + path)
		if err != nil {
			return err
		}
		if text := comments.ReplaceAllString(string(raw), ""); strings.Contains(text, ";") || strings.TrimSpace(text) == "" {
			t.Errorf("%s has not one statement", path)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func TestQueriesSayWhatTheyReturn(t *testing.T) {
	if len(analytics.Queries()) == 0 {
		t.Fatal("there are no queries")
	}
	for _, name := range analytics.Queries() {
		query, err := analytics.Query(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(query, "-- ") {
			t.Errorf("%s has no comment", name)
		}
		if !strings.Contains(query, "output_format_json_quote_64bit_integers = 1") {
			t.Errorf("%s has numbers that JavaScript rounds", name)
		}
		if name == string(figures.Bots) {
			continue
		}
		for _, param := range []string{"{bot:String}", "{from:DateTime", "{to:DateTime"} {
			if !strings.Contains(query, param) {
				t.Errorf("%s has no parameter %s", name, param)
			}
		}
	}
	if _, err := analytics.Query("../schema/0001/02_events"); err == nil {
		t.Error("a path is a name of a query")
	}
}

// TestIDsSurviveJavaScript asks for JSON, as a page does.
func TestIDsSurviveJavaScript(t *testing.T) {
	ctx, _, store := migrated(t)
	batch := few(3)
	for n := range batch {
		batch[n].GuildID, batch[n].ErrorType = some(uint64(figurestest.GuildBase)), some("timeout")
	}
	if err := store.Insert(ctx, batch, "a"); err != nil {
		t.Fatal(err)
	}
	query, err := analytics.Query("guilds_hit")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post("http://"+chdbtest.Addr(t)+"/?"+url.Values{
		"database": {t.Name()}, "default_format": {"JSON"}, "param_limit": {"10"}, "param_bot": {figurestest.FirstBot},
		"param_from": {strconv.FormatInt(batch[2].Time.Unix()-1, 10)}, "param_to": {strconv.FormatInt(batch[0].Time.Unix()+1, 10)},
	}.Encode(), "text/plain", strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"guild_id": "1200000000000000001"`; !strings.Contains(string(raw), want) {
		t.Errorf("no %s in %s", want, raw)
	}
}
