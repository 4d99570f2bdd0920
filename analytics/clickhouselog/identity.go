package clickhouselog

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/analytics/event"
)

// An identity is what the rows of one resource have in common.
type identity struct {
	of  *resource.Resource
	row event.Row
}

// identities keep the last one: the resource of a LoggerProvider does not change.
type identities struct{ last atomic.Pointer[identity] }

func (i *identities) get(of *resource.Resource) *identity {
	if last := i.last.Load(); last != nil && last.of == of {
		return last
	}
	made := &identity{of: of}
	for _, a := range of.Attributes() {
		if a.Value.Type() == attribute.STRING {
			made.row.Resource(string(a.Key), a.Value.AsString())
		}
	}
	i.last.Store(made)
	return made
}
