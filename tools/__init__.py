"""Tools for developers: throw-away servers, the kill loop, pictures, generated reference pages."""
