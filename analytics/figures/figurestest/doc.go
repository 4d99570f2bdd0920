// Package figurestest tests stores of events: it makes events ([Sample]) and compares what
// a [figures.Reader] answers with figures that it computes from the same events ([Check]).
//
// The computation is plain Go over all events, and shares no code with a store.
package figurestest
