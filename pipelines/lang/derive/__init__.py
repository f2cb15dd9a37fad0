"""What a language file says, from reference text: bounds, the threshold of language identification, stop words."""
