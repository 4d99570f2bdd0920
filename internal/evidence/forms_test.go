package evidence

import "testing"

// TestNames: each form and each combination has a name that leads back to it.
func TestNames(t *testing.T) {
	for _, name := range Forms() {
		if f := FormOf(name); f.String() != name || f < Last || f > Mean {
			t.Errorf("%q is the form %d, %q", name, f, f)
		}
	}
	if got := len(Forms()); got != int(Mean) {
		t.Errorf("%d forms have names, of %d", got, Mean)
	}
	for n, name := range Combinations() {
		if c := CombinationOf(name); c != Combination(n+1) {
			t.Errorf("%q is the combination %d", name, c)
		}
	}
	if FormOf("") != 0 || FormOf("other") != 0 || FormOf("latest") != 0 || Resets.String() != "resets" || Form(0).String() != "unknown" || Form(99).String() != "unknown" || CombinationOf("") != Usual {
		t.Error("a name that is none has a value")
	}
}
