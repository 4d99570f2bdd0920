package notify

import (
	"strconv"
	"testing"
	"time"
)

func TestQueueKeepsTheLatest(t *testing.T) {
	q := newQueue()
	add := func(put func(q *queue, a Alert) int, name string, start int64) int {
		return put(q, Alert{Labels: map[string]string{"alertname": name}, StartsAt: time.Unix(start, 0)})
	}
	newer := func(q *queue, a Alert) int {
		c, _ := convert([]Alert{a}, time.Now())
		return q.add(c)
	}
	older := func(q *queue, a Alert) int {
		c, _ := convert([]Alert{a}, time.Now())
		return q.putBack(c)
	}
	add(newer, "a", 1)
	add(newer, "b", 1)
	add(newer, "a", 2)
	add(older, "b", 0)
	add(older, "c", 3)
	var got []string
	for _, a := range q.take() {
		got = append(got, a.Name()+strconv.FormatInt(a.StartsAt.Unix(), 10))
	}
	if len(got) != 3 || got[0] != "a2" || got[1] != "b1" || got[2] != "c3" {
		t.Errorf("%q", got)
	}
	if len(q.take()) != 0 || q.len() != 0 {
		t.Error("it is not empty")
	}
}

func TestQueueIsBounded(t *testing.T) {
	q := newQueue()
	var many []Alert
	for i := range queueSize + 7 {
		many = append(many, Alert{Labels: map[string]string{"n": strconv.Itoa(i)}, StartsAt: time.Unix(1, 0)})
	}
	alerts, invalid := convert(many, time.Now())
	if dropped := q.add(alerts); invalid != 0 || dropped != 7 || q.len() != queueSize {
		t.Errorf("%d invalid, %d dropped, %d wait", invalid, dropped, q.len())
	}
	if dropped := q.add(alerts[:1]); dropped != 0 {
		t.Error("a newer state of an alert in the queue needs room")
	}
	taken := 0
	for {
		select {
		case <-q.ready:
			taken += len(q.take())
			continue
		default:
		}
		break
	}
	if taken != queueSize {
		t.Errorf("%d taken", taken)
	}
}
