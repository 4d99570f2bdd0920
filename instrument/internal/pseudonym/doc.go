// Package pseudonym makes names that stand for users in events. A user has another
// one each day, so that nobody can follow them over days without the key.
package pseudonym
