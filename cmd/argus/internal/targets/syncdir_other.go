//go:build !unix

package targets

// syncDir does nothing: folders cannot be synchronised here.
func syncDir(string) error { return nil }
