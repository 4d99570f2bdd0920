package instrument

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/bwmarrin/discordgo"
)

// TestDetachedSessionsAreFreed: no session is kept once it is detached, however
// it was attached, nor what was noted of it.
func TestDetachedSessionsAreFreed(t *testing.T) {
	const many = 20
	for _, late := range []bool{false, true} {
		for _, syncEvents := range []bool{false, true} {
			t.Run(fmt.Sprintf("late=%v sync=%v", late, syncEvents), func(t *testing.T) {
				inst := newInst(t)
				attach := func() (weak.Pointer[discordgo.Session], func()) {
					s, err := discordgo.New("Bot x")
					if err != nil {
						t.Fatal(err)
					}
					s.SyncEvents, s.DataReady = syncEvents, late // as after Open
					detach, err := inst.Attach(s)
					if err != nil {
						t.Fatal(err)
					}
					return weak.Make(s), detach
				}
				var sessions []weak.Pointer[discordgo.Session]
				for range many {
					s, detach := attach()
					detach()
					sessions = append(sessions, s)
				}
				deadline := time.Now().Add(30 * time.Second)
				for n, s := range sessions {
					for s.Value() != nil {
						if time.Now().After(deadline) {
							t.Fatalf("session %d of %d is still there", n+1, many)
						}
						runtime.GC()
					}
				}
				_, detach := attach()
				defer detach()
				if got := len(inst.kept); got > 1 {
					t.Errorf("handlers of %d sessions are kept, want no more than of the one there is", got)
				}
			})
		}
	}
}

// TestKeptHandlersAreUsedAgain: under SyncEvents a session has them once,
// however often it is attached.
func TestKeptHandlersAreUsedAgain(t *testing.T) {
	inst := newInst(t)
	s, err := discordgo.New("Bot x")
	if err != nil {
		t.Fatal(err)
	}
	s.SyncEvents, s.DataReady = true, true
	var first *handlers
	for range 3 {
		detach, err := inst.Attach(s)
		if err != nil {
			t.Fatal(err)
		}
		h := (*inst.attached.Load())[0].handlers.Value()
		if first == nil {
			first = h
		}
		if h != first || h.target.Load() == nil {
			t.Error("the handlers that the session has were not taken up")
		}
		detach()
		runtime.GC()
	}
	runtime.KeepAlive(s)
}
