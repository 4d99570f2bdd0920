package eventdocs

// A Document is an answer. It has tables, the first of which is the main one.
type Document interface{ Tables() []Table }

// A Table is a slice of structs, with the name that it has in the document.
type Table struct {
	Name string
	Rows any
}

// Tables implements [Document].
func (d *Bots) Tables() []Table { return []Table{{"bots", d.Bots}} }

// Tables implements [Document].
func (d *Commands) Tables() []Table {
	return []Table{{"commands", d.Commands}, {"commands_before", d.Before}, {"trend", d.Trend}}
}

// Tables implements [Document].
func (d *Command) Tables() []Table { return []Table{{"parts", d.Parts}, {"trend", d.Trend}} }

// Tables implements [Document].
func (d *Versions) Tables() []Table { return []Table{{"versions", d.Versions}} }

// Tables implements [Document].
func (d *Release) Tables() []Table { return []Table{{"changes", d.Changes}, {"versions", d.Versions}} }

// Tables implements [Document].
func (d *GuildsHit) Tables() []Table { return []Table{{"guilds", d.Guilds}} }

// Tables implements [Document].
func (d *Growth) Tables() []Table {
	return []Table{{"days", d.Days}, {"sizes", d.Sizes}, {"audience", d.Audience}, {"users", d.Users}}
}

// Tables implements [Document].
func (d *Guild) Tables() []Table { return []Table{{"commands", d.Commands}, {"trend", d.Trend}} }

// Tables implements [Document].
func (d *Ingest) Tables() []Table { return []Table{{"ingest", d.Ingest}} }
