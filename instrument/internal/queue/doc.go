// Package queue runs functions one after the other on a goroutine of its own. They
// call code of the bot's, such as a span processor or a log processor, that may
// block or panic, and so must not run on a goroutine of discordgo's.
package queue
