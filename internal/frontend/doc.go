// Package frontend serves the built files of a front end, with what each answer of it
// needs, under any prefix: all links are relative.
//
// It is shared by the live page of a process and the pages of a fleet. It knows neither
// what they show nor who may see it.
//
// A file X is served from X.gz to clients that accept gzip. Files below assets/ never
// change under a name, and may be kept for ever.
package frontend
