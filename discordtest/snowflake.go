package discordtest

import (
	"strconv"
	"time"
)

const (
	discordEpoch = 1420070400000 // ms since 1970: 2015-01-01
	snowflakeLow = 1<<22 - 1     // worker, process and increment
)

func snowflake(t time.Time) int64 { return (t.UnixMilli() - discordEpoch) << 22 }

// Snowflake returns the smallest id with the creation time t, in milliseconds.
// [Server.NewID] returns unique ids.
func Snowflake(t time.Time) string { return strconv.FormatInt(snowflake(t), 10) }

// SnowflakeTime returns the creation time of an id.
func SnowflakeTime(id string) (time.Time, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(n>>22 + discordEpoch), nil
}

// The ids of the world are computed from numbers, so that none have to be stored.
// Guilds are created from 2018 on, users from 2016 on. The ids of objects in a guild
// contain the guild's millisecond, a kind and a number.
const (
	guildEpoch = 94694400000 // ms since discordEpoch: 2018-01-01
	guildStep  = 7919        // ms; prime, so that ids spread over any shard count
	userEpoch  = 31536000000 // ms since discordEpoch: 2016-01-01

	botNumber = 0 // the first user
	appNumber = 1
)

const (
	kindChannel = iota + 1
	kindThread
	kindRole
	kindEmoji
	kindSticker
	kindMessage
	kindWebhook
)

func guildNumberID(index int) int64 { return (guildEpoch + int64(index)*guildStep) << 22 }

func objectID(guild int64, kind, n int) string {
	return strconv.FormatInt(guild|int64(kind)<<16|int64(n&0xffff), 10)
}

// usersPerGuild is the number of user numbers reserved for each guild. The first few
// belong to no guild: the bot and the application.
const usersPerGuild = 1_000_000

func userNumberID(n int64) string { return strconv.FormatInt((userEpoch+n)<<22, 10) }

func memberID(guildIndex, ordinal int) string {
	return userNumberID(int64(guildIndex+1)*usersPerGuild + int64(ordinal))
}

// memberOrdinal is the inverse of memberID.
func memberOrdinal(guildIndex int, userID string) (ordinal int, ok bool) {
	id, err := strconv.ParseInt(userID, 10, 64)
	if err != nil || id&snowflakeLow != 0 {
		return 0, false
	}
	n := id>>22 - userEpoch - int64(guildIndex+1)*usersPerGuild
	return int(n), n >= 0 && n < usersPerGuild
}

var (
	botID = userNumberID(botNumber)
	appID = userNumberID(appNumber)
)

func shardOf(guildID int64, shards int) int { return int((guildID >> 22) % int64(shards)) }
