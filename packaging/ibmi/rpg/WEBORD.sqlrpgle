**FREE
// WEBORD: the frame of an order entry that takes web orders from the staging tables and answers.
//
// Yours to fill: everything between "your order entry" and its end. Not compiled by us:
// docs/unverified.md. Create with
//   CRTSQLRPGI OBJ(yourlib/WEBORD) SRCSTMF('WEBORD.sqlrpgle') COMMIT(*CHG) RPGPPOPT(*LVL2)
// and run it as a batch job of its own under the profile of [install] order_entry.
//
// What the agent promises: an order is written in one transaction, so a header that can be seen has
// all its parts; it is written once, whatever breaks (EVENTID); the agent never changes it again.
// What it expects: STATUS A with ERPORD, or R with a REASON for people. One order, one unit of work.
// The update of WEBORDH is what tells the shop; the trigger on it does the rest.

ctl-opt main(takeOrders) dftactgrp(*no) actgrp(*new) option(*srcstmt);

dcl-ds order qualified;
  eventId  varchar(64);
  name     varchar(20);
  currency varchar(3);
  total    packed(15:2);
  status   varchar(1);
  number   zoned(7:0);
  reason   varchar(100);
end-ds;

exec sql set option commit = *chg, naming = *sql, datfmt = *iso, closqlcsr = *endmod;

dcl-proc takeOrders;
  dcl-s more ind inz(*on);

  dow more;
    more = takeOne();
  enddo;
  // Nothing new: end, and let a job schedule entry or a DLYJOB loop call again; or wait on a data
  // queue of your own.
end-proc;

// Takes one order; *off when there is none. A record somebody holds is passed over this time.
dcl-proc takeOne;
  dcl-pi *n ind end-pi;

  clear order;
  exec sql
    select EVENTID, ORDNAME, CURRENCY, TOTAL
      into :order.eventId, :order.name, :order.currency, :order.total
      from TOWLINE.WEBORDH
     where STATUS = 'N'
     order by CRTTS
     fetch first 1 row only
     with cs skip locked data;
  if sqlcode = 100;
    return *off;
  endif;
  if sqlcode < 0;
    exec sql rollback;
    return *off;
  endif;

  // ---- your order entry: validate, number, write ORDHDR and ORDLIN, in this unit of work ---------
  //   order.status = 'A'; order.number = your number;          or
  //   order.status = 'R'; order.reason = 'Item 4711 is no longer sold';
  // Lines: select LINENO, SKU, QTY, UNITPRC, TOTAL from TOWLINE.WEBORDL where EVENTID = :order.eventId,
  // and tell your line number with
  //   update TOWLINE.WEBORDL set ERPLIN = :yourLine where EVENTID = :order.eventId and LINENO = :line
  // so that a shipment of yours finds its way back to the buyer's line.
  order.status = 'R';
  order.reason = 'Order entry is not connected yet';
  // ---- end of your order entry -------------------------------------------------------------------

  exec sql
    update TOWLINE.WEBORDH
       set STATUS = :order.status, ERPORD = :order.number, REASON = :order.reason
     where EVENTID = :order.eventId and STATUS = 'N';
  if sqlcode <> 0;  // another job was faster, or the row is held: leave it as it is
    exec sql rollback;
    return *off;
  endif;
  exec sql commit;
  return *on;
end-proc;
