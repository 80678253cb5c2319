"""The kinds of rules, by what they speak of; `rules` puts them together."""
