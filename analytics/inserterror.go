package analytics

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
)

// maxReason is how much of the server's words an error has, in bytes.
const maxReason = 500

var (
	errNoToken = errors.New("the batch has no token, without which it may count twice")
	errColumn  = errors.New("the batch has a value that does not suit the column")
)

// An InsertError is that of a batch which was not written, or not as a whole.
type InsertError struct {
	Events int // in the batch
	err    error
}

func (e *InsertError) Error() string {
	return fmt.Sprintf("analytics: insert %d events: %s%s", e.Events, words(e.err), advice(e.err))
}

func (e *InsertError) Unwrap() error { return e.err }

// Retryable reports whether an error of [Store.Insert] may be gone when the same batch is
// written again: that of a network, of a server that is overloaded, out of memory, out of
// space or restarting, and of a time limit. It is false where somebody has to do something
// before: credentials that the server rejects, tables that are missing or altered, and
// values that do not suit their columns.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, errNoToken) || errors.Is(err, errColumn) {
		return false
	}
	if exception, is := errors.AsType[*clickhouse.Exception](err); is {
		_, permanent := reasons[code(exception.Code)]
		return !permanent
	}
	if answer, is := errors.AsType[*clickhouse.HTTPError](err); is { // of a proxy
		return answer.StatusCode >= http.StatusInternalServerError ||
			answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout
	}
	return true
}

// A code is one of ClickHouse's numbers of errors, as its ErrorCodes.cpp lists them.
type code int32

// A remedy is what somebody has to do about an error.
type remedy int

const (
	toUser remedy = iota
	toTables
	toServer
)

var remedies = map[remedy]string{
	toUser:   ": check the user and its password, and grant it SELECT and INSERT",
	toTables: ": the tables are missing, older than this program, or altered; run argus-analytics status",
	toServer: ": the server does not accept what this program sends; see the versions in analytics/README.md",
}

// reasons are those errors that stay, however often a batch is repeated.
var reasons = map[code]remedy{
	192: toUser, // UNKNOWN_USER
	193: toUser, // WRONG_PASSWORD
	194: toUser, // REQUIRED_PASSWORD
	497: toUser, // ACCESS_DENIED
	516: toUser, // AUTHENTICATION_FAILED
	164: toUser, // READONLY: the user's profile, not a table that is read-only for a while

	8:   toTables, // THERE_IS_NO_COLUMN
	10:  toTables, // NOT_FOUND_COLUMN_IN_BLOCK
	16:  toTables, // NO_SUCH_COLUMN_IN_TABLE
	20:  toTables, // NUMBER_OF_COLUMNS_DOESNT_MATCH
	44:  toTables, // ILLEGAL_COLUMN
	47:  toTables, // UNKNOWN_IDENTIFIER
	48:  toTables, // NOT_IMPLEMENTED: the engine of the table takes no rows
	53:  toTables, // TYPE_MISMATCH
	60:  toTables, // UNKNOWN_TABLE
	70:  toTables, // CANNOT_CONVERT_TYPE
	81:  toTables, // UNKNOWN_DATABASE
	349: toTables, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
	6:   toTables, // CANNOT_PARSE_TEXT: a column of another type
	27:  toTables, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
	41:  toTables, // CANNOT_PARSE_DATETIME
	72:  toTables, // CANNOT_PARSE_NUMBER
	376: toTables, // CANNOT_PARSE_UUID

	36:  toServer, // BAD_ARGUMENTS
	43:  toServer, // ILLEGAL_TYPE_OF_ARGUMENT
	46:  toServer, // UNKNOWN_FUNCTION
	50:  toServer, // UNKNOWN_TYPE
	62:  toServer, // SYNTAX_ERROR
	69:  toServer, // ARGUMENT_OUT_OF_BOUND
	115: toServer, // UNKNOWN_SETTING
	117: toServer, // INCORRECT_DATA
	131: toServer, // TOO_LARGE_STRING_SIZE
	452: toServer, // SETTING_CONSTRAINT_VIOLATION
}

// advice says what to do about an error, if anything.
func advice(err error) string {
	exception, is := errors.AsType[*clickhouse.Exception](err)
	if !is {
		return ""
	}
	what, is := reasons[code(exception.Code)]
	if !is {
		return ""
	}
	return remedies[what]
}

// words are those of an error, in one line. An error of net/http has the whole statement,
// with its parameters, so its reason is told instead.
func words(err error) string {
	if request, is := errors.AsType[*url.Error](err); is {
		err = reason.Of(request)
	}
	return excerpt.Line(err.Error(), maxReason)
}
