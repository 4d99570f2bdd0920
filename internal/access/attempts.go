package access

import (
	"net/netip"
	"sync"
	"time"
)

const (
	addressBurst  = 10
	addressEvery  = 6 * time.Second
	totalBurst    = 60
	totalEvery    = time.Second
	mostAddresses = 1024
)

// attempts limits how often the token may be tried. The zero value has all attempts
// left.
type attempts struct {
	mu      sync.Mutex
	total   time.Time
	address map[netip.Prefix]time.Time
}

// A limit is kept as the time at which all attempts are back: each moves it by the
// time in which one comes back.

// take takes one attempt and returns 0, or returns how long to wait for one.
func (a *attempts) take(remote string, now time.Time) (wait time.Duration) {
	from := network(remote)
	a.mu.Lock()
	defer a.mu.Unlock()
	address, wait := next(a.address[from], now, addressEvery, addressBurst)
	total, waitTotal := next(a.total, now, totalEvery, totalBurst)
	if wait = max(wait, waitTotal); wait > 0 {
		return wait
	}
	a.makeRoom(now)
	a.address[from], a.total = address, total
	return 0
}

// next returns when all attempts are back after one more, and how long that one must
// wait.
func next(back, now time.Time, every time.Duration, burst int) (after time.Time, wait time.Duration) {
	if back.Before(now) {
		back = now
	}
	after = back.Add(every)
	return after, max(0, after.Sub(now)-time.Duration(burst)*every)
}

// makeRoom forgets the addresses whose attempts are all back and, if there are too many
// others, the one whose attempts are back first.
func (a *attempts) makeRoom(now time.Time) {
	if a.address == nil {
		a.address = map[netip.Prefix]time.Time{}
	}
	if len(a.address) < mostAddresses {
		return
	}
	var first netip.Prefix
	for from, back := range a.address {
		if !back.After(now) {
			delete(a.address, from)
		} else if f, found := a.address[first]; !found || back.Before(f) {
			first = from
		}
	}
	if len(a.address) >= mostAddresses {
		delete(a.address, first)
	}
}

// network returns whom an address belongs to: an IPv4 address, or a /64 network of
// IPv6. Addresses that cannot be read share one limit.
func network(remote string) netip.Prefix {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := at.Addr().Unmap().WithZone(""), 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // both lengths are valid
	return prefix
}
