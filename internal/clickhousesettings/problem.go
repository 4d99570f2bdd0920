package clickhousesettings

// A Problem is why a server does not do what it is asked for, and what to do about it.
type Problem struct{ Text, Do string }

// What to do about problems of other kinds.
const (
	CheckConnection = "check that ClickHouse runs there, and " + EnvURL + "; for its certificate " + EnvCAFile
	CheckProxy      = "check " + EnvURL + " and what is in front of ClickHouse"
	ReadLog         = "read the log of ClickHouse"
)

// problems are the numbers of errors that have a remedy
// (https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp).
var problems = map[int]func(database string) Problem{
	192: credentials, 193: credentials, 194: credentials, 516: credentials,
	291: rights, 497: rights,
	60: func(database string) Problem {
		return Problem{"the database " + database + " has no table schema_versions", "run argus-analytics init"}
	},
	81: func(database string) Problem {
		return Problem{"there is no database " + database, "run argus-analytics init, or correct " + EnvURL}
	},
}

func credentials(string) Problem {
	return Problem{"the user or the password is wrong", "correct " + EnvUser + " or " + EnvPasswordFile}
}

func rights(database string) Problem {
	return Problem{"the user may not read the database " + database, "grant the user SELECT and INSERT on it"}
}

// Problem returns the one behind the number of an error, if it has a remedy.
func (s Server) Problem(code int) (p Problem, known bool) {
	of, known := problems[code]
	if known {
		p = of(s.Database)
	}
	return p, known
}
