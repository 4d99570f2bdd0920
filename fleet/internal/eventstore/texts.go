package eventstore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"
)

// A kind is what texts are of, and how many there may be of it.
type kind struct {
	name string // of the attribute, as errors have it
	most int
}

var (
	ofEvent        = kind{"event name", 100}
	ofBot          = kind{"bot", 1000}
	ofRegion       = kind{"region", 1000}
	ofCluster      = kind{"cluster", 50_000}
	ofVersion      = kind{"service.version", 10_000}
	ofShard        = kind{"discord.shard.id", 10_000}
	ofSize         = kind{"discord.guild.size", 100}
	ofType         = kind{"discord.interaction.type", 100}
	ofCommand      = kind{"discord.command", 10_000}
	ofOutcome      = kind{"discord.interaction.outcome", 100}
	ofErrorType    = kind{"error.type", 10_000}
	ofLocale       = kind{"discord.interaction.locale", 1000}
	ofContext      = kind{"discord.interaction.context", 100}
	ofInstallation = kind{"discord.interaction.installation", 100}
)

// A TooManyError is why an event was refused whose attribute has a new value.
type TooManyError struct {
	Attribute string
	Most      int
}

func (e TooManyError) Error() string {
	return fmt.Sprintf("the attribute %s has more than %d values in the store: events with further ones are refused", e.Attribute, e.Most)
}

type textKey struct{ kind, text string }

type textValue struct{ id, used int64 }

// texts knows all texts. What a transaction adds is known to others when it is committed.
type texts struct {
	mu    sync.RWMutex
	ids   map[textKey]textValue
	names map[int64]string

	// Of those who write, and of their transaction.
	counts, adding map[string]int
	added          map[textKey]textValue
}

func loadTexts(ctx context.Context, conn *sql.Conn) (*texts, error) {
	t := &texts{ids: map[textKey]textValue{}, names: map[int64]string{}, counts: map[string]int{}}
	rows, err := conn.QueryContext(ctx, "SELECT kind, text, id, used FROM texts")
	if err != nil {
		return nil, err
	}
	type row struct {
		textKey
		textValue
	}
	all, err := scan(rows, func(r *row) []any { return []any{&r.kind, &r.text, &r.id, &r.used} })
	for _, r := range all {
		t.ids[r.textKey], t.names[r.id] = r.textValue, r.text
		t.counts[r.kind]++
	}
	return t, err
}

// begin begins a transaction. One that was begun before came to nothing.
func (t *texts) begin() { t.added, t.adding = map[textKey]textValue{}, maps.Clone(t.counts) }

// commit makes known what the transaction has added.
func (t *texts) commit() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, value := range t.added {
		t.ids[key], t.names[value.id] = value, key.text
	}
	t.counts = t.adding
}

// find returns the id of a text, if there is one.
func (t *texts) find(k kind, text string) (id int64, there bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	value, there := t.ids[textKey{k.name, text}]
	return value.id, there
}

// name returns a text by its id.
func (t *texts) name(id int64) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.names[id]
}

// optional returns a text, or nil for the id 0.
func (t *texts) optional(id int64) *string {
	if id == 0 {
		return nil
	}
	name := t.name(id)
	return &name
}

// forget forgets what was last used before a day, after its rows were deleted.
func (t *texts) forget(before int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, value := range t.ids {
		if value.used < before {
			delete(t.ids, key)
			delete(t.names, value.id)
			t.counts[key.kind]--
		}
	}
}

// text returns the id of a text in a transaction that writes, and gives it one if it has
// none.
func (s *Store) text(ctx context.Context, k kind, text string, today int64) (int64, error) {
	key := textKey{k.name, text}
	value, there := s.texts.added[key]
	if !there {
		s.texts.mu.RLock()
		value, there = s.texts.ids[key]
		s.texts.mu.RUnlock()
	}
	switch {
	case there && value.used >= today:
		return value.id, nil
	case there:
		if _, err := s.exec(ctx, "UPDATE texts SET used = ? WHERE id = ?", today, value.id); err != nil {
			return 0, err
		}
	case s.texts.adding[k.name] >= k.most:
		return 0, TooManyError{k.name, k.most}
	default:
		stmt, err := s.prepared(ctx, "INSERT INTO texts (kind, text, used) VALUES (?, ?, ?) RETURNING id")
		if err != nil {
			return 0, err
		}
		if err := stmt.QueryRowContext(ctx, k.name, text, today).Scan(&value.id); err != nil {
			return 0, err
		}
		s.texts.adding[k.name]++
	}
	value.used = today
	s.texts.added[key] = value
	return value.id, nil
}
