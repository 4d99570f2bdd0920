SELECT bot, first, last, guild FROM bots
