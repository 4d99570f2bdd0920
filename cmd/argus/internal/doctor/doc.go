// Package doctor is the command "argus doctor". Run with the environment of a bot,
// it shows the bot's settings and their sources, checks its setup, and suggests
// fixes.
//
// It changes nothing. It requests pages, sends an empty export to the collector and,
// with --discord, sends one request without a token to Discord. It binds the port
// for a moment to see whether it is free. All of this is limited in time. Tokens and
// header values are never shown, and are sent only to the server that they are for.
package doctor
