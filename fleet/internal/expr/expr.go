// Package expr has the parts of PromQL expressions that documents and findings of a fleet
// share.
package expr

import (
	"fmt"

	"github.com/argus-dgo/argus/internal/catalog"
)

const (
	// Identity are the labels of a place.
	Identity = "job, bot, region, cluster"
	// Awaited selects interactions whose users wait for an answer, as in the alerts.
	Awaited = `type=~"application_command|message_component|modal_submit"`
	// Unanswered selects the outcomes without an answer in time.
	Unanswered = `outcome=~"late|missed|rejected"`
	// Window is how much of the past a rate is made from.
	Window = "5m"
)

// Name is that of an instrument's series.
func Name(of catalog.Instrument) string { return of.PrometheusName() }

// Answers is the rate of interactions whose users wait for an answer, a second, of each
// place; only those without one in time, if that is asked for. selector selects series, or
// is empty.
func Answers(selector string, unanswered bool) string {
	outcome := ""
	if unanswered {
		outcome = "," + Unanswered
	}
	return fmt.Sprintf("sum by (%s) (rate(%s{%s%s%s}[%s]))", Identity, Name(catalog.Acks), comma(selector), Awaited, outcome, Window)
}

// FailureRatio is the share that was not answered in time, of each place that had any.
func FailureRatio(selector string) string {
	all := Answers(selector, false)
	return fmt.Sprintf("(%s or 0 * %s) / (%s > 0)", Answers(selector, true), all, all)
}

// Versions has the version of the bot at each place.
func Versions(selector string) string {
	return fmt.Sprintf("(group by (%s, version) (%s{%s}))", Identity, Name(catalog.BotInfo), selector)
}

// ByVersion sums an expression of places by the version of the bot.
func ByVersion(of, selector string) string {
	return fmt.Sprintf("sum by (version) ((%s) * on (%s) group_left (version) %s)", of, Identity, Versions(selector))
}

// comma ends a list of matchers, if there are any.
func comma(selector string) string {
	if selector == "" {
		return ""
	}
	return selector + ","
}
