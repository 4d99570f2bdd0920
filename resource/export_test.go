package resource

// WithHostName puts a name in the place of the host's own.
func WithHostName(name string) Option {
	return optionFunc(func(c *config) { c.host = func() (string, bool) { return name, true } })
}
