package catalog

import "slices"

// Locales returns the closed set of the locales of users, sorted: those that Discord
// documents (https://docs.discord.com/developers/reference#locales), and [Other].
func Locales() []string { return slices.Clone(locales) }

var locales = []string{
	"bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "hi", "hr", "hu", "id", "it",
	"ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
	Other,
}
