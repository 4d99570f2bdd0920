// Play starts the bot of every incident, prints the address of each, and lets things go
// wrong when it gets SIGUSR1. The bots have a process of their own, because some of them
// end with sessions that hang.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/argus-dgo/argus/otelcol/internal/incidents"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	begin := make(chan os.Signal, 1)
	signal.Notify(begin, syscall.SIGUSR1)
	var victims []*incidents.Victim
	for _, in := range incidents.All() {
		v, err := incidents.Start(ctx, in)
		if err != nil {
			log.Fatal(err) //nolint:gocritic // nothing is left to be stopped
		}
		victims = append(victims, v)
		fmt.Println("serves", in.Name, v.Addr())
	}
	fmt.Println("all is well")
	select {
	case <-begin:
	case <-ctx.Done():
		return
	}
	for _, v := range victims {
		v.Begin()
	}
	fmt.Println("begun")
	<-ctx.Done()
}
