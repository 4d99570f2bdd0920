SELECT locale, context, installation, sum(runs), sum(failures), sum(in_time), sum(not_in_time)
FROM audience
WHERE bot = :bot AND unit = :unit AND start >= :from AND start < :to
GROUP BY locale, context, installation
