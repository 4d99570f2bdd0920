package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/alertmanager/alert"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"
)

const (
	trialName = "ArgusFleetTest"
	trialLast = time.Minute // the alert of a test ends by itself
)

func trial(now time.Time) *alert.Alert {
	return alert.New(model.Alert{
		Labels: model.LabelSet{model.AlertNameLabel: trialName, "severity": "test"},
		Annotations: model.LabelSet{
			"summary":     "argus-fleet can send notifications here",
			"description": "Somebody asked for this message to test the settings. Nothing is wrong.",
		},
		StartsAt: now,
		EndsAt:   now.Add(trialLast),
	}, now, false)
}

// test sends one message through each integration, past the routes.
func (e *embedded) test(ctx context.Context) error {
	integrations := e.current.Load().integrations
	if len(integrations) == 0 {
		return fmt.Errorf("there is no receiver to test: set %s, %s or %s", settingWebhook, settingConfig, settingURL)
	}
	results := make(chan error, len(integrations))
	for _, in := range integrations {
		go func() { results <- in.try(ctx, trial(time.Now()), e.timing) }()
	}
	var errs []error
	for range integrations {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// try sends until it succeeds, is refused, or ctx ends.
func (in *integration) try(ctx context.Context, a *alert.Alert, t timing) error {
	group := "{}:" + a.Labels.String()
	defer in.record.settled(group) // nobody tries again afterwards
	ctx = amnotify.WithGroupKey(ctx, group)
	ctx = amnotify.WithGroupLabels(ctx, model.LabelSet{model.AlertNameLabel: trialName})
	ctx = amnotify.WithReceiverName(ctx, in.receiver)
	ctx = amnotify.WithNow(ctx, time.Now())
	ctx = amnotify.WithNotificationReason(ctx, amnotify.ReasonFirstNotification)
	pause := t.retry
	for {
		v := in.Notify(ctx, a)
		err := v.Err()
		if err == nil {
			return nil
		}
		err = fmt.Errorf("receiver %q, %s: %w", in.receiver, in.String(), err)
		if !v.ShouldRetry() {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(max(pause, v.Delay())):
			pause = min(2*pause, t.retryMost)
		}
	}
}
