package clickhouselog

import "github.com/argus-dgo/argus/analytics/event"

// A batch stays as it is, with its token, until it is accepted, refused or dropped.
type batch struct {
	token    string
	segments []segment
	rows     int
	bytes    int
}

// A segment has some encoded events of one resource. They are dropped together.
type segment struct {
	who  *identity
	data []byte
	rows int
}

// decode returns the rows, those alone that can be stored. They are the same each time.
func (b *batch) decode() (rows []event.Row, unfit int, why error) {
	rows = make([]event.Row, 0, b.rows)
	for _, s := range b.segments {
		for d := newDecoder(s.data); d.more(); {
			row := s.who.row
			if err := d.next(&row); err != nil {
				unfit, why = unfit+1, err
				continue
			}
			rows = append(rows, row)
		}
	}
	return rows, unfit, why
}
