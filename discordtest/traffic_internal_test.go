package discordtest

import (
	"slices"
	"testing"
	"time"
)

func TestPlanFollowsTheSeed(t *testing.T) {
	t.Parallel()
	s, err := NewServer(WithGuilds(3))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const n = 5000
	plans := func(seed int64) (steps []step, faults []plannedFault) {
		tr, err := NewTraffic(s, TrafficConfig{Seed: seed, Faults: true})
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			steps = append(steps, tr.plan.next())
		}
		for range 40 {
			faults = append(faults, tr.faults.next())
		}
		return steps, faults
	}
	steps1, faults1 := plans(1)
	again, faultsAgain := plans(1)
	steps2, faults2 := plans(2)
	if !slices.Equal(steps1, again) || !slices.Equal(faults1, faultsAgain) {
		t.Error("two plans of one seed differ")
	}
	if slices.Equal(steps1, steps2) || slices.Equal(faults1, faults2) {
		t.Error("the plans of two seeds are the same")
	}
	seen := map[string]int{}
	kinds := map[InteractionKind]int{}
	late := 0
	for _, st := range steps1 {
		seen[st.event]++
		if st.event == "INTERACTION_CREATE" {
			kinds[st.kind]++
			if st.late {
				late++
			}
		}
	}
	for name, share := range DefaultMix() {
		want := share / 100.3 * n // the shares add up to 100.3
		if got := float64(seen[name]); got < want*0.5-3 || got > want*1.5+3 {
			t.Errorf("%s: %v of %d events, want about %.0f", name, got, n, want)
		}
	}
	for _, k := range []InteractionKind{ApplicationCommand, MessageComponent, Autocomplete, ModalSubmit} {
		if kinds[k] == 0 {
			t.Errorf("no interaction of type %s", k)
		}
	}
	if late == 0 {
		t.Error("no interaction is late")
	}
	first := map[string]bool{}
	last := time.Duration(0)
	for i, f := range faults1 {
		if f.at <= last {
			t.Errorf("fault %d is at %v, not after the one before", i, f.at)
		}
		last = f.at
		if i < len(FaultKinds()) {
			if f.at >= 30*time.Second {
				t.Errorf("%s is first at %v, want within 30s", f.kind, f.at)
			}
			first[f.kind] = true
		}
	}
	if len(first) != len(FaultKinds()) {
		t.Errorf("the first round has %d kinds of faults, want all %d", len(first), len(FaultKinds()))
	}
}
