package instrument

import (
	"encoding/base64"
	"errors"
	"hash/maphash"
	"net/http"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"
)

// ErrOtherBot is the error for a session of another bot than that of the sessions
// that are already attached.
var ErrOtherBot = errors.New("the session's token belongs to another bot, and an instrumentation serves one bot: " +
	"attach it to an instrumentation of its own (with the facade, to another Argus, each named with argus.WithBot)")

// errLeftOut is reported when the token of a session turns out to be another
// bot's: it was set after the session was attached.
var errLeftOut = errors.New("a session is no longer measured: its token was set after it was attached and belongs to another bot, and an instrumentation " +
	"serves one bot; attach it to an instrumentation of its own (with the facade, to another Argus, each named with argus.WithBot)")

// A bot is the identity of a token's owner. The zero value is that of no token.
//
// The first part of a bot's token is the id of its user, which is public and
// remains when the token is replaced. For any other token only a hash is kept,
// with a key of this process.
type bot struct {
	user uint64
	hash uint64
}

var botSeed = maphash.MakeSeed()

// botOf reads a token, with or without its prefix.
func botOf(token string) bot {
	token = strings.TrimSpace(token)
	if kind, rest, ok := strings.Cut(token, " "); ok && (strings.EqualFold(kind, "Bot") || strings.EqualFold(kind, "Bearer")) {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return bot{}
	}
	if head, _, ok := strings.Cut(token, "."); ok {
		if id, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(head, "=")); err == nil {
			if user, err := strconv.ParseUint(string(id), 10, 64); err == nil && user != 0 {
				return bot{user: user}
			}
		}
	}
	return bot{hash: maphash.String(botSeed, token)}
}

// botAtRest returns the bot of a session that may be in use: discordgo writes
// Identify.Token only if Token is set.
func botAtRest(s *discordgo.Session) bot {
	if s.Token != "" {
		return botOf(s.Token)
	}
	return botOf(s.Identify.Token)
}

// botThatDials returns the bot that a session is about to identify as.
func botThatDials(s *discordgo.Session) bot {
	if s.Identify.Token != "" {
		return botOf(s.Identify.Token)
	}
	return botOf(s.Token)
}

// isOurs reports whether a bot is the one that is measured. The first known bot
// becomes that one.
func (i *Instrumentation) isOurs(b bot) bool {
	if b == (bot{}) {
		return true
	}
	if ours := i.bot.Load(); ours != nil {
		return *ours == b
	}
	return i.bot.CompareAndSwap(nil, &b) || *i.bot.Load() == b
}

// admit reports whether a session in use belongs to the measured bot. If not, it
// stops measuring the session and reports the fault that Attach would have
// returned as an error.
func (a *attachment) admit(b bot) bool {
	if b == (bot{}) {
		return true
	}
	a.recognised.Store(true)
	if a.inst.isOurs(b) {
		return true
	}
	a.left.Store(true)
	a.held.Store(nil)
	a.tap.target.CompareAndSwap(a, nil) // the tap continues to pass everything through
	a.inst.faults.report(hookTap, errLeftOut)
	return false
}

// admitCall calls admit for the first REST call of a session that had no token
// when it was attached.
func (a *attachment) admitCall(header http.Header) bool {
	return a.recognised.Load() || a.admit(botOf(header.Get("Authorization")))
}
