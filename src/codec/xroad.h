/* xroad.h: reads SOAP 1.1 messages with the header fields of the X-Road message protocol 4.0
 * (PR-MESS), and writes its identifiers. Bounded, no store, no network: for the relay and for the
 * services that the program itself answers. */
#ifndef CODEC_XROAD_H
#define CODEC_XROAD_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/xml.h"

#define XROAD_NS            "http://x-road.eu/xsd/xroad.xsd"
#define XROAD_IDENTIFIER_NS "http://x-road.eu/xsd/identifiers"
#define XROAD_SOAP_NS       "http://schemas.xmlsoap.org/soap/envelope/"
#define XROAD_TEXT_BYTES    255U /* of one part of an identifier, and of id, userId, issue */

struct xroad {
    bool has_fields;               /* any of the fields below stands in the header */
    bool has_must;                 /* a field of others that must be understood stands there */
    bool is_fault;                 /* the body holds a Fault */
    struct str client;             /* path of a member or a subsystem: "VN/GOV/100/desk" */
    struct str provider;           /* likewise, of the service */
    struct str code, version;      /* of the service; version null: none */
    struct str server;             /* INSTANCE/CLASS/CODE/SERVER; null: not named */
    struct str id, user_id, issue; /* user_id and issue may be null */
    struct str wsa_action;         /* WS-Addressing's Action in the header; null: none */
    const struct xml *body;        /* the one element inside the body */
};
enum xroad_read {
    XROAD_WHOLE,   /* a request that is answered here: the body's tree is kept, fields needed */
    XROAD_REQUEST, /* a request that passes: the body is read to its end but not kept */
    XROAD_ANSWER   /* as much of an answer as is there: to the body's element, no further */
};
/* All from bytes of at most bytes_max; texts and the tree are in the arena. Where no field is
 * needed has_fields false is fine; where one stands all that the protocol demands must stand.
 * ERR_BAD_REQUEST: *ret_fault is the protocol's word (InvalidSoap, MissingHeader,
 * MissingHeaderField, DuplicateHeaderField, InvalidHeaderField, InvalidProtocolVersion,
 * MissingBody), *ret_what says which, in English. */
NODISCARD enum err xroad_read(struct arena *a, struct str bytes, struct xml_limits limits,
                              enum xroad_read how, struct xroad *ret, const char **ret_fault,
                              const char **ret_what);
/* Is a Content-Type text/xml, and not said to be anything but UTF-8? */
bool xroad_is_type(struct str type);
/* May SOAPAction be this for the operation of that element? action: what is described for it; null
 * or empty: what ends with the element's name may. A service may go by it instead of the body. */
bool xroad_is_action(struct str given, struct str element, struct str action);
/* Likewise WS-Addressing's Action, where the message has one. */
bool xroad_is_addressed(const struct xroad *m, struct str action);
/* An identifier in the form of a member or subsystem ("VN/GOV/H19/MOT-CUA"); null: it is none. */
struct str xroad_client(struct arena *a, const struct xml *e);
/* One identifier as XML: the tag with its prefix, type MEMBER, SUBSYSTEM, SERVICE or SERVER; path
 * of 3 parts, or 4 (subsystem or server), then service and version where not null. The prefix "id"
 * must be bound to XROAD_IDENTIFIER_NS. */
void xroad_put(struct buf *b, const char *tag, struct str path, bool is_server, struct str service,
               struct str version);
/* A whole SOAP header with the fields of a message, as an answer repeats them. */
void xroad_put_header(struct buf *b, const struct xroad *m);
/* Do both name the same call: client, service, id, user and issue? */
bool xroad_is_same(const struct xroad *a, const struct xroad *b);

#endif
