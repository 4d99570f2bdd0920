package notify

import "time"

const defaultEvaluationInterval = 15 * time.Second

// timing has every duration that tests shorten.
type timing struct {
	// groupWait and groupInterval are those of the configuration of ours.
	groupWait, groupInterval time.Duration
	// attempt is the longest that one attempt to send takes.
	attempt time.Duration
	// retry and retryMost are the first and the longest pause after a failed attempt,
	// where Alertmanager does not pause by itself.
	retry, retryMost time.Duration
	// recall is how long an alert of the last run fires without being sent again.
	recall time.Duration
	// forgetResolved is how often alerts that have ended are removed from the store.
	forgetResolved time.Duration
	// settle is the age from which an alert makes a mute end, and check how often
	// that is looked at.
	settle, check time.Duration
}

func timingFor(evaluation time.Duration) timing {
	if evaluation == 0 {
		evaluation = defaultEvaluationInterval
	}
	return timing{
		// Two evaluations: a cause is there before its consequences are told, and
		// inhibits them.
		groupWait:     max(30*time.Second, 2*evaluation),
		groupInterval: 5 * time.Minute,
		attempt:       30 * time.Second,
		retry:         time.Second,
		retryMost:     30 * time.Second,
		// Members push each minute by default, and the rules restore the time that
		// an alert was pending at their third evaluation. To call an alert resolved
		// too late is harmless; too early, it is told twice.
		recall:         max(5*time.Minute, 10*evaluation),
		forgetResolved: 30 * time.Minute,
		// One evaluation: every rule has run. Together they are below groupWait, so
		// that a new alert is told in time.
		settle: evaluation,
		check:  max(time.Second, evaluation/4),
	}
}
