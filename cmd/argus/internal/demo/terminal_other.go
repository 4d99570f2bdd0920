//go:build !unix

package demo

func stayInBackground() {}
