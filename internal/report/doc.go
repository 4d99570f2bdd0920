// Package report hands what Argus has to say to functions of the bot's own, such
// as a logger or an error handler. These may block, panic or end their goroutine,
// and the code that reports may be in the middle of the bot's work: on the
// gateway's reader, or in a goroutine whose panic would end the process.
//
// It needs the standard library alone. It promises that reporting never waits
// and never panics, that what is said arrives in its order, and that no more
// than [Capacity] messages are held for a function that does not return.
package report
