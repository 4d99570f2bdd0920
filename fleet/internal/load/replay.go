package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	connections = 8
	pushTimeout = 30 * time.Second
)

// A replay pushes clusters to a fleet, and to Prometheus if there is one, until its
// context ends.
type replay struct {
	fleet      []pmetricotlp.GRPCClient
	prometheus string // the URL of its receiver
	client     http.Client

	pushed, failed atomic.Int64
	failure        atomic.Pointer[error] // the last one
}

func (r *replay) run(ctx context.Context, list []cluster, fleet string, interval time.Duration) error {
	r.client.Transport = &http.Transport{MaxIdleConnsPerHost: connections}
	defer r.client.CloseIdleConnections()
	for range connections {
		conn, err := grpc.NewClient(fleet, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		defer conn.Close()
		r.fleet = append(r.fleet, pmetricotlp.NewGRPCClient(conn))
	}
	var wait sync.WaitGroup
	for i, one := range list {
		wait.Go(func() {
			// Spread over the interval.
			timer := time.NewTimer(time.Duration(i) * interval / time.Duration(len(list)))
			defer timer.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
				timer.Reset(interval)
				one.move(time.Now())
				r.push(ctx, i, one.request)
			}
		})
	}
	wait.Wait()
	return nil
}

// push pushes to both at one time.
func (r *replay) push(ctx context.Context, i int, request pmetricotlp.ExportRequest) {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	body, err := request.MarshalProto()
	r.note(ctx, err)
	var wait sync.WaitGroup
	if r.prometheus != "" {
		wait.Go(func() { r.note(ctx, r.post(ctx, body)) })
	}
	r.note(ctx, r.export(ctx, i, request))
	wait.Wait()
	r.pushed.Add(1)
}

func (r *replay) export(ctx context.Context, i int, request pmetricotlp.ExportRequest) error {
	answer, err := r.fleet[i%len(r.fleet)].Export(ctx, request)
	if err != nil {
		return err
	}
	if partial := answer.PartialSuccess(); partial.RejectedDataPoints() > 0 {
		return fmt.Errorf("the fleet refuses %d points: %s", partial.RejectedDataPoints(), partial.ErrorMessage())
	}
	return nil
}

func (r *replay) post(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.prometheus, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the answer of Prometheus is %s: %s", response.Status, text)
	}
	return err
}

// note counts a failure, but for those of the end.
func (r *replay) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() != context.Canceled {
		r.failed.Add(1)
		r.failure.Store(&err)
	}
}
