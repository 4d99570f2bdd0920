// Package doctor checks a fleet that runs, from the settings that it was started with, and
// suggests fixes.
//
// It changes nothing. It reads the pages, their API and /metrics, pushes without any metric,
// asks for a mute of nothing, which is refused, and asks ClickHouse for its tables. Each
// token and password is sent only to the addresses of the settings. A wrong token, made up
// for the purpose, is tried where one is asked for; the fleet counts these attempts.
// Everything is limited in time and size, and no token is shown.
package doctor
