package instrument

import "time"

// A Disconnect is the end of a gateway connection.
type Disconnect struct {
	At        time.Time // when the process saw it
	Code      string    // as in the label code of discord.shard.disconnects
	Initiator string    // as in the label initiator
}

// LastDisconnects returns the last disconnect of each shard that has had one since the
// process started, by the label shard.
func (i *Instrumentation) LastDisconnects() map[string]Disconnect {
	all := map[string]Disconnect{}
	for _, s := range i.shards.list() {
		if last := s.lastDisconnect.Load(); last != nil {
			all[s.label] = *last
		}
	}
	return all
}

// disconnected counts the end of a connection.
func (s *shard) disconnected(code, initiator int) {
	s.disconnect(code, initiator).n.Add(1)
	s.lastDisconnect.Store(&Disconnect{time.Now(), closeCodes[code], initiators[initiator]})
}
