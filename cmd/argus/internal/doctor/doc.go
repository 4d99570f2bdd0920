// Package doctor is the command "argus doctor": run beside a bot, or with its
// environment, it tells which settings the bot has and where each came from, checks
// what they need, and says what to do about what is wrong.
//
// Nothing is changed. What is sent is a request for a page, an empty export to the
// collector and, when asked for, one request without a token to Discord. The port is
// bound for a moment to see whether it is free. All of it is bounded in time. A token
// or a header's value is never shown, and goes to nobody but whom it is for.
package doctor
