package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/pastday"
	"github.com/argus-dgo/argus/exporters/otlp"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/guild"
	"github.com/argus-dgo/argus/resource"
)

const (
	pastInteractions = 30_000
	// pushedAtOnce is how many events of the past are given to the exporter before it is
	// waited for: it drops what its queue has no room for.
	pushedAtOnce  = otlp.DefaultQueueSize / 2
	flushPatience = time.Minute
	flushPause    = time.Second
)

// analyticsOptions have the events of the bot pushed, as the release that pastday ends with.
func analyticsOptions() []argus.Option {
	return []argus.Option{
		argus.WithLogsExporter(argus.OTLP), argus.WithEventGuildIDs(true),
		argus.WithResourceAttributes(attribute.String("service.version", pastday.After)),
	}
}

// fillDay pushes the events of the day before, and says what became of them.
func (d *demo) fillDay(ctx context.Context) {
	guilds, shards := d.ownGuilds()
	day := pastday.Make(pastday.Config{
		End: time.Now().Truncate(time.Hour), Seed: d.seed, Guilds: guilds, Commands: used(),
		Place: d.place, Interactions: pastInteractions * shards / d.shards,
	})
	if err := d.pushDay(ctx, day); err != nil {
		if ctx.Err() == nil {
			d.logger.Warn("The day before was not pushed: " + err.Error())
		}
		return
	}
	d.logger.Info(fmt.Sprintf("The day before was pushed: %s.", cli.Count(len(day), "event")))
}

func (d *demo) pushDay(ctx context.Context, day []pastday.Event) (err error) {
	// The live events' exporter says what is wrong with the collector.
	exporter, err := otlp.NewLogs(ctx, otlp.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, exporter.Shutdown(context.WithoutCancel(ctx))) }()
	type source struct {
		process int
		version string
	}
	providers := map[source]*sdklog.LoggerProvider{}
	for n, e := range day {
		from := source{e.Process, e.Version}
		p, made := providers[from]
		if !made {
			if p, err = d.providerOf(ctx, e, exporter.Processor()); err != nil {
				return err
			}
			providers[from] = p
		}
		p.Logger(instrument.ScopeName).Emit(ctx, e.Record)
		if (n+1)%pushedAtOnce == 0 || n == len(day)-1 {
			if err := flush(ctx, p); err != nil {
				return err
			}
		}
	}
	if lost := exporter.Losses(); lost.QueueFull+lost.Rejected > 0 {
		return fmt.Errorf("of its %d events %d were refused and %d did not fit", len(day), lost.Rejected, lost.QueueFull)
	}
	return nil
}

// flush waits until the exporter's queue is empty. What a fleet refuses because pushes come
// too fast stays in it, and is taken later.
func flush(ctx context.Context, p *sdklog.LoggerProvider) error {
	ctx, cancel := context.WithTimeout(ctx, flushPatience)
	defer cancel()
	for {
		err := p.ForceFlush(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(flushPause):
		case <-ctx.Done():
			return err
		}
	}
}

// ownGuilds are those of the shards that run here, and shards how many these are.
func (d *demo) ownGuilds() (guilds []string, shards int) {
	for _, c := range d.clusters {
		first, end := d.shardsOf(c.process)
		shards += end - first
	}
	return slices.DeleteFunc(d.server.Guilds()[:d.guilds], func(id string) bool {
		cluster, _ := d.place(id)
		return cluster < 0
	}), shards
}

// place returns the cluster, by its place in clusters, and the shard that a guild is in.
// The cluster is -1 if the shard runs elsewhere.
func (d *demo) place(id string) (at, shard int) {
	n, err := guild.Parse(id)
	if err != nil {
		return -1, 0
	}
	shard = guild.Shard(n, d.shards)
	return slices.IndexFunc(d.clusters, func(c *cluster) bool {
		first, end := d.shardsOf(c.process)
		return first <= shard && shard < end
	}), shard
}

// providerOf makes the provider of one process with one version.
func (d *demo) providerOf(ctx context.Context, e pastday.Event, to sdklog.Processor) (*sdklog.LoggerProvider, error) {
	c := d.clusters[e.Process].argus.Config()
	r, err := resource.New(ctx, resource.WithClusterID(c.ClusterID), resource.WithAttributes(attribute.String("service.version", e.Version)))
	if err != nil {
		return nil, err
	}
	return sdklog.NewLoggerProvider(sdklog.WithResource(r), sdklog.WithProcessor(to)), nil
}

// writeAnalytics says how to see what the events tell.
func (d *demo) writeAnalytics(b *strings.Builder) {
	if !d.analytics {
		return
	}
	fmt.Fprintf(b, "Events are pushed to %s, and those of the 24 hours before. If nothing listens there, start\n"+
		"argus-fleet with a token for the pages:\n\n"+
		"  openssl rand -hex 32 > viewer-token\n"+
		"  make fleet ARGS=\"--events on --viewer-token-file viewer-token\"\n\n"+
		"Then open http://localhost:9190 and look at Analytics.\n\n", cmp.Or(endpoint(signalLogs), localOverHTTP))
}
